"""Our connections as Airflow's own hooks take them: no metadata database and no network is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import AuthorError


def build_hook(
    path: str,
    connection: ConnectionSpec,
    *,
    package: str,
    extra: Mapping[str, Any],
    takes_connection: bool = True,
    **options: Any,
) -> Any:
    """Return the hook `module:Class` bound to the connection, whose extra fields are replaced by `extra`.

    A hook that takes none looks its connection up by an id, and is given this one for any.

    Raises:
        AuthorError: `DF-CONN-014` when the hook's provider or driver is not installed; `package` names our extra.
    """
    module, _, name = path.partition(":")
    try:
        hook_class = getattr(import_module(module), name)
    except ImportError as exc:
        raise missing_driver(connection, package, str(exc)) from exc
    bound = airflow_connection(connection, extra)
    hook = hook_class(**({"connection": bound} if takes_connection else {}), **options)
    # Some hooks look their connection up by id instead of using the one they were given.
    hook.get_connection = lambda conn_id: bound
    return hook


def missing_driver(connection: ConnectionSpec, package: str, reason: str) -> AuthorError:
    """Return the error for a provider or driver that this machine lacks."""
    return AuthorError(
        "DF-CONN-014",
        f"connection `{connection.conn_id}` needs a provider that is not installed: {reason}",
        hint=f"Install it with `pip install 'dataflow-ai[{package}]'`.",
    )


def airflow_connection(connection: ConnectionSpec, extra: Mapping[str, Any]) -> Any:
    """Return Airflow's own connection object with the same fields."""
    from airflow.sdk import Connection

    return Connection(
        conn_id=connection.conn_id,
        conn_type=connection.conn_type,
        host=connection.host,
        port=connection.port,
        schema=connection.schema,
        login=connection.login,
        password=connection.password,
        extra=json.dumps(dict(extra)),
    )
