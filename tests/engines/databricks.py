"""A stand-in for a Databricks SQL warehouse, reached by the unmodified connector; see `databricks_server.py`.

Sail knows neither QUALIFY nor ALTER TABLE ADD COLUMNS, and its counts of changed rows are not Databricks's.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from databricks import sql

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, answers, free_port, require_stand_ins

HTTP_PATH = "/sql/1.0/warehouses/tests"
TOKEN = "brick-secret"


@dataclass(frozen=True)
class DatabricksServer:
    """A running stand-in; a schema that a connection names is there once it logs in."""

    spec: ConnectionSpec

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the product's sessions."""
        extra = {name: value for name, value in self.spec.extra.items() if name != "http_path"}
        with (
            closing(sql.connect("127.0.0.1", HTTP_PATH, TOKEN, **extra)) as raw,
            closing(raw.cursor()) as cursor,
        ):
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    def with_schema(self, name: str) -> DatabricksServer:
        return replace(self, spec=replace(self.spec, schema=name))


@pytest.fixture(scope="session")
def databricks_server() -> Iterator[DatabricksServer]:
    python, port = require_stand_ins(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="dataflow-brick-"))
    (folder / "warehouse").mkdir()
    program = Path(__file__).with_name("databricks_server.py")
    server = Server((python, "-P", program, str(port), folder / "warehouse"), folder / "server.log")
    server.wait_until(lambda: answers(port))
    extra = {
        "http_path": HTTP_PATH, "_connection_uri": f"http://127.0.0.1:{port}{HTTP_PATH}", "use_cloud_fetch": False,
        "enable_telemetry": False,
    }  # fmt: skip
    try:
        yield DatabricksServer(
            ConnectionSpec("brick_test", "databricks", host="127.0.0.1", password=TOKEN, extra=extra)
        )
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
