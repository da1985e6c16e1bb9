"""Connectors by name: the product's own from a table, those of other packages by entry point.

Manifests are read without a driver; an implementation is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from dataflow_provider.connectors.base import FileStore, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.connector import ConnectorBase
from dataflow_provider.connectors.jdbc import JDBCConnectorBase
from dataflow_provider.connectors.manifests import BUILT_IN, find_manifest
from dataflow_provider.connectors.native import NativeConnectorBase
from dataflow_provider.errors import AuthorError, InternalError
from dataflow_provider.spec.manifest import ConnectorManifest
from dataflow_provider.spec.plugged import BrokenConnector, plugged_connectors


class ConnectorRegistry:
    """What this installation can connect to; other packages are looked at only for names that are not ours."""

    def manifests(self) -> tuple[ConnectorManifest, ...]:
        """Return every manifest, the product's own first."""
        return (*BUILT_IN.values(), *plugged_connectors().manifests.values())

    def broken(self) -> tuple[BrokenConnector, ...]:
        """Return the installed connectors that cannot be used, and why."""
        return plugged_connectors().broken

    def find(self, name: str) -> ConnectorManifest | None:
        """Return the manifest of a connector; None when there is none of that name."""
        return find_manifest(name)

    def manifest(self, name: str) -> ConnectorManifest:
        """Return the manifest of a connector.

        Raises:
            AuthorError: `DF-CONN-003` when there is none of that name.
        """
        found = self.find(name)
        if found is None:
            known = ", ".join(f"`{one.name}`" for one in self.manifests())
            raise AuthorError("DF-CONN-003", f"there is no connector `{name}`; there are {known}")
        return found

    def get(self, name: str) -> ConnectorBase[Any]:
        """Return the connector.

        Raises:
            AuthorError: `DF-CONN-003` when there is none of that name, or it cannot run yet.
            InternalError: `DF-CONN-019` when its manifest leads to something else.
        """
        manifest = self.manifest(name)
        manifest.require_runnable()
        module, _, attribute = manifest.implementation.partition(":")
        found = getattr(import_module(module), attribute)
        wanted = JDBCConnectorBase if manifest.kind == "sql" else NativeConnectorBase
        if not (isinstance(found, type) and issubclass(found, wanted)):
            raise InternalError(
                "DF-CONN-019", f"`{manifest.implementation}` of connector `{name}` is no {wanted.__name__}"
            )
        return cast("ConnectorBase[Any]", found())

    def of_connection_type(self, conn_type: str, kind: str = "sql") -> ConnectorManifest | None:
        """Return the connector that takes connections of Airflow's type; None when no runnable one does."""
        return next(
            (
                one
                for one in (*BUILT_IN.values(), *self._plugged_if_unknown(conn_type, kind))
                if one.kind == kind and one.implementation and conn_type in one.connection_types
            ),
            None,
        )

    def _plugged_if_unknown(self, conn_type: str, kind: str) -> tuple[ConnectorManifest, ...]:
        if any(one.kind == kind and conn_type in one.connection_types for one in BUILT_IN.values()):
            return ()
        return tuple(plugged_connectors().manifests.values())


REGISTRY = ConnectorRegistry()


def get_connector(name: str) -> JDBCConnectorBase[SqlSession]:
    """Return the connector of a SQL engine.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    _require_kind(name, "sql")
    return cast("JDBCConnectorBase[SqlSession]", REGISTRY.get(name))


def get_native_connector(name: str) -> NativeConnectorBase[Any]:
    """Return the connector of what runs no SQL.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    _require_kind(name, "native")
    return cast("NativeConnectorBase[Any]", REGISTRY.get(name))


def get_file_store(name: str) -> FileStore:
    """Return the connector of files that an engine reads and writes itself.

    Raises:
        AuthorError: `DF-CONN-003` when there is none of that name.
    """
    return cast(FileStore, get_native_connector(name))


def connector_of(connection: ConnectionSpec) -> JDBCConnectorBase[SqlSession]:
    """Return the connector that runs SQL on a connection, by Airflow's type of it.

    Raises:
        AuthorError: `DF-CONN-003` when none does.
    """
    found = REGISTRY.of_connection_type(connection.conn_type)
    if found is None:
        known = ", ".join(f"`{one}`" for one in sql_connection_types())
        raise AuthorError(
            "DF-CONN-003",
            f"connection `{connection.conn_id}` is of type `{connection.conn_type}`, on which no SQL runs; it does on "
            f"{known}",
        )
    return get_connector(found.name)


def sql_connection_types() -> tuple[str, ...]:
    """Return Airflow's connection types on which SQL runs, in name order."""
    return tuple(sorted({kind for one in REGISTRY.manifests() if one.kind == "sql" for kind in one.connection_types}))


def _require_kind(name: str, kind: str) -> None:
    manifest = REGISTRY.manifest(name)
    if manifest.kind != kind:
        what = "a SQL engine" if kind == "sql" else "a store or service"
        raise AuthorError("DF-CONN-003", f"connector `{name}` is not {what}")
