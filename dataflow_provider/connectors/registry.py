"""Connectors by name, imported when first asked for; one that is not in the table cannot run yet."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from dataflow_provider.connectors.base import FileStore, SqlConnector
from dataflow_provider.errors import AuthorError

SQL_ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "databricks": "dataflow_provider.connectors.impl.databricks:DatabricksConnector",
        "duckdb": "dataflow_provider.connectors.impl.duckdb:DuckDBConnector",
        "mysql": "dataflow_provider.connectors.impl.mysql:MySqlConnector",
        "oracle": "dataflow_provider.connectors.impl.oracle:OracleConnector",
        "postgres": "dataflow_provider.connectors.impl.postgres:PostgresConnector",
        "saphana": "dataflow_provider.connectors.impl.saphana:SapHanaConnector",
        "snowflake": "dataflow_provider.connectors.impl.snowflake:SnowflakeConnector",
        "sqlite": "dataflow_provider.connectors.impl.sqlite:SqliteConnector",
        "sqlserver": "dataflow_provider.connectors.impl.sqlserver:SqlServerConnector",
        "sybase": "dataflow_provider.connectors.impl.sybase:SybaseConnector",
        "teradata": "dataflow_provider.connectors.impl.teradata:TeradataConnector",
    }
)
FILE_STORES: Mapping[str, str] = MappingProxyType({"file": "dataflow_provider.connectors.impl.file:FileConnector"})


def get_connector(name: str) -> SqlConnector:
    """Return the connector of a SQL engine.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    return cast(SqlConnector, _load(name, SQL_ENGINES))


def get_file_store(name: str) -> FileStore:
    """Return the connector of a store of files.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    return cast(FileStore, _load(name, FILE_STORES))


def _load(name: str, table: Mapping[str, str]) -> Any:
    path = table.get(name)
    if path is None:
        known = ", ".join(f"`{known}`" for known in table)
        raise AuthorError("DF-CONN-003", f"connector `{name}` cannot run here yet; {known} can")
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)()
