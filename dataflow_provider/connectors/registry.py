"""Connectors by name, imported when first asked for; one that is not in the table cannot run yet."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from dataflow_provider.connectors.base import SqlConnector
from dataflow_provider.errors import AuthorError

CONNECTORS: Mapping[str, str] = MappingProxyType({"duckdb": "dataflow_provider.connectors.impl.duckdb:DuckDBConnector"})


def get_connector(name: str) -> SqlConnector:
    """Return the connector of a SQL engine.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    path = CONNECTORS.get(name)
    if path is None:
        known = ", ".join(f"`{known}`" for known in CONNECTORS)
        raise AuthorError("DF-CONN-003", f"connector `{name}` cannot run yet; runnable are {known}")
    module, _, attribute = path.partition(":")
    return cast(SqlConnector, getattr(import_module(module), attribute)())
