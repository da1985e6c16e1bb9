"""The conformance test of connectors on every database that runs here; what a manifest does not promise is left out.

Write modes of pipelines are no verb of a connector: `tests/conformance` tries all five on the same engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.connector import ConnectorBase
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.connectors.testing import ConnectorContract
from tests.engines.live import LiveEngine
from tests.engines.processes import free_port


class TestContractOfDatabases(ConnectorContract):
    @pytest.fixture
    def connector(self, live_engine: LiveEngine) -> ConnectorBase[Any]:
        return get_connector(live_engine.name)

    @pytest.fixture
    def connection(self, live_engine: LiveEngine) -> ConnectionSpec:
        return live_engine.spec

    @pytest.fixture
    def options(self, live_engine: LiveEngine) -> Mapping[str, Any]:
        return {"table": ".".join(part for part in (live_engine.schema, "people") if part)}

    @pytest.fixture
    def broken_connection(self, live_engine: LiveEngine) -> ConnectionSpec | None:
        if live_engine.spec.port is None:
            return None
        return replace(live_engine.spec, port=free_port(), password="s3cret-word")
