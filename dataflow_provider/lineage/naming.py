"""Datasets under OpenLineage's names: the namespace says which database or store, the name which table or file in it.

Source: OpenLineage, spec/Naming.md. Engines without a rule there are named in the same manner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.project import Project, is_remote


class DatasetName(NamedTuple):
    """A dataset as OpenLineage identifies it."""

    namespace: str
    name: str


class _Rule(NamedTuple):
    """How an engine's tables are named: what stands before `schema.table`, outermost first, when it is not written."""

    namespace: Callable[[ConnectionSpec], str]
    before: Callable[[ConnectionSpec], tuple[str, ...]]


def table_dataset(connector: str, connection: ConnectionSpec, table: str) -> DatasetName:
    """Return the dataset of a table as its YAML names it, in the case that the engine keeps.

    Parts left out are those that the connection implies.
    """
    rule = _RULES[connector]
    try:
        parts = get_dialect(connector).publish.parts(table)
    except ValueError:
        parts = (table,)
    before = rule.before(connection)
    implied = before[: len(before) + 1 - len(parts)] if len(parts) <= len(before) else ()
    return DatasetName(rule.namespace(connection), ".".join(part for part in (*implied, *parts) if part))


def path_dataset(connector: str, connection: ConnectionSpec | None, path: str, project: Project) -> DatasetName:
    """Return the dataset of a file, a folder or a glob; local paths are absolute."""
    if is_remote(path):
        parts = urlsplit(path)
        return DatasetName(f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/"))
    if connector == "file":
        return DatasetName("file", os.path.normpath(project.root / path))
    scheme = {"sftp": "file", "http": "https"}.get(connector, connector)
    host = (connection.host if connection is not None else None) or ""
    return DatasetName(f"{scheme}://{host.rpartition('://')[2]}", path)


def topic_dataset(connection: ConnectionSpec | None, topic: str) -> DatasetName:
    """Return the dataset of a Kafka topic, named after the first of the cluster's servers."""
    servers = "" if connection is None else str(connection.extra.get("bootstrap.servers") or connection.host or "")
    return DatasetName(f"kafka://{servers.partition(',')[0]}", topic)


def _server(scheme: str, port: int) -> Callable[[ConnectionSpec], str]:
    return lambda spec: f"{scheme}://{spec.host or 'localhost'}:{spec.port or port}"


def _file(scheme: str) -> Callable[[ConnectionSpec], str]:
    return lambda spec: f"{scheme}://{os.path.abspath(spec.host) if spec.host else ''}"


def _text(spec: ConnectionSpec, *keys: str, default: str = "") -> str:
    return next((str(spec.extra[key]) for key in keys if spec.extra.get(key)), default)


def _snowflake(spec: ConnectionSpec) -> str:
    account = _text(spec, "account", default=spec.host or "")
    region = _text(spec, "region")
    return f"snowflake://{account}" + (f".{region}" if region else "")


def _host(scheme: str) -> Callable[[ConnectionSpec], str]:
    return lambda spec: f"{scheme}://{(spec.host or '').rpartition('://')[2].rstrip('/')}"


_RULES: Mapping[str, _Rule] = {
    "postgres": _Rule(_server("postgres", 5432), lambda spec: (spec.schema or "postgres", "public")),
    "mysql": _Rule(_server("mysql", 3306), lambda spec: (spec.schema or "",)),
    "snowflake": _Rule(_snowflake, lambda spec: (_text(spec, "database"), spec.schema or "PUBLIC")),
    "databricks": _Rule(
        _host("databricks"),
        lambda spec: (_text(spec, "catalog", default="hive_metastore"), _text(spec, "schema", default="default")),
    ),
    "teradata": _Rule(_server("teradata", 1025), lambda spec: (spec.schema or spec.login or "",)),
    "sqlserver": _Rule(_server("mssql", 1433), lambda spec: (spec.schema or "master", "dbo")),
    "oracle": _Rule(
        _server("oracle", 1521), lambda spec: (_text(spec, "service_name", "sid"), spec.schema or spec.login or "")
    ),
    "sybase": _Rule(_server("sybase", 5000), lambda spec: (spec.schema or "master", "dbo")),
    "saphana": _Rule(_server("saphana", 30015), lambda spec: (spec.schema or spec.login or "",)),
    "duckdb": _Rule(_file("duckdb"), lambda spec: ("main",)),
    "sqlite": _Rule(_file("sqlite"), lambda spec: ("main",)),
}
