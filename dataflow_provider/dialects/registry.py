"""The engines that run, and the text dialects of those that do not run yet but whose SQL can be read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.databricks import DATABRICKS
from dataflow_provider.dialects.duckdb import DUCKDB
from dataflow_provider.dialects.mysql import MYSQL
from dataflow_provider.dialects.oracle import ORACLE
from dataflow_provider.dialects.postgres import POSTGRES
from dataflow_provider.dialects.saphana import SAPHANA
from dataflow_provider.dialects.snowflake import SNOWFLAKE
from dataflow_provider.dialects.sqlite import SQLITE
from dataflow_provider.dialects.sqlserver import SQLSERVER
from dataflow_provider.dialects.sybase import SYBASE
from dataflow_provider.dialects.teradata import TERADATA
from dataflow_provider.errors import AuthorError

DIALECTS: Mapping[str, SqlDialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            DATABRICKS,
            DUCKDB,
            MYSQL,
            ORACLE,
            POSTGRES,
            SAPHANA,
            SNOWFLAKE,
            SQLITE,
            SQLSERVER,
            SYBASE,
            TERADATA,
        )
    }
)


def get_dialect(name: str) -> SqlDialect:
    """Return the engine of that name.

    Raises:
        AuthorError: when no engine of that name runs yet.
    """
    try:
        return DIALECTS[name]
    except KeyError:
        known = ", ".join(f"`{dialect}`" for dialect in DIALECTS)
        raise AuthorError(
            "DF-DIALECT-001",
            f"SQL for `{name}` cannot be made yet; it can for {known}",
            hint="Choose one of those.",
        ) from None
