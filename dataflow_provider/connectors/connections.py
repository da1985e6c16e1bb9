"""Connections by id, as Airflow means them: from `AIRFLOW_CONN_<ID>`, JSON or URI, without importing Airflow."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.manifest import ConnectionField

WAREHOUSE_ID = "dataflow_warehouse"
"""The embedded DuckDB; defined by the settings unless a connection of that id is."""

MEMORY = ":memory:"
"""The host of a DuckDB connection without a file: one database per process and connection id."""

_SECRET_WORDS = ("password", "passphrase", "secret", "token", "private_key", "api_key", "apikey", "credential")


@dataclass(frozen=True)
class ConnectionSpec:
    """What a connection says; its repr shows neither password nor extra, which may hold secrets."""

    conn_id: str
    conn_type: str
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)


class Connections(Protocol):
    """Where connections come from."""

    def get(self, conn_id: str) -> ConnectionSpec:
        """Return the connection.

        Raises:
            AuthorError: `DF-CONN-001` when there is none of that id.
        """


class EnvironmentConnections:
    """Connections of the environment, then those of `fallback`, then the embedded warehouse.

    With `one_process` False the stages run in processes of their own, to which `:memory:` cannot be common.
    """

    def __init__(
        self,
        warehouse: Path | str | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        fallback: Connections | None = None,
        one_process: bool = True,
    ) -> None:
        self._one_process = one_process
        self._warehouse = warehouse
        self._environment = os.environ if environment is None else environment
        self._fallback = fallback

    def get(self, conn_id: str) -> ConnectionSpec:
        found = self._find(conn_id)
        if found.host == MEMORY and not self._one_process:
            raise AuthorError(
                "DF-CONN-007",
                f"connection `{conn_id}` is `:memory:`, and every task of a Dag is a process of its own",
                hint="Name a database file; `dataflow run` takes `:memory:`.",
            )
        return found

    def _find(self, conn_id: str) -> ConnectionSpec:
        text = self._environment.get(variable_name(conn_id))
        if text:
            return parse_connection(conn_id, text)
        missing = missing_connection(conn_id)
        if self._fallback is not None:
            try:
                return self._fallback.get(conn_id)
            except AuthorError as error:
                missing = error
        if conn_id == WAREHOUSE_ID and self._warehouse is not None:
            return ConnectionSpec(conn_id, "duckdb", host=str(self._warehouse))
        raise missing


def variable_name(conn_id: str) -> str:
    """Return the environment variable that defines the connection."""
    return f"AIRFLOW_CONN_{conn_id.upper()}"


def missing_connection(conn_id: str) -> AuthorError:
    """Return the error for an unknown connection; it says how to define one."""
    example = '{"conn_type": "duckdb", "host": "/path/file.duckdb"}'
    return AuthorError(
        "DF-CONN-001",
        f"connection `{conn_id}` is not defined",
        hint=f"Define it in Airflow (Admin → Connections), or set {variable_name(conn_id)} to JSON such as {example}.",
    )


def parse_connection(conn_id: str, text: str) -> ConnectionSpec:
    """Return the connection a text of JSON or a URI describes, percent-decoded as Airflow does.

    Raises:
        AuthorError: `DF-CONN-002`; the text itself is not shown, as it may hold a password.
    """
    try:
        return _from_json(conn_id, json.loads(text)) if text.lstrip().startswith("{") else _from_uri(conn_id, text)
    except (ValueError, TypeError) as exc:
        raise AuthorError(
            "DF-CONN-002",
            f"connection `{conn_id}` cannot be read from {variable_name(conn_id)}: {_reason(exc)}",
            hint='Write JSON such as {"conn_type": "duckdb", "host": "/path/file.duckdb"} or a URI '
            "`type://login:password@host:port/schema?key=value` with odd characters percent-encoded.",
        ) from None


def without_secrets(text: str, connection: ConnectionSpec, fields: Iterable[ConnectionField] = ()) -> str:
    """Return a text of a driver with the connection's password and secret fields blotted out.

    >>> without_secrets("no entry for ann:s3cret", ConnectionSpec("c", "http", password="s3cret"))
    'no entry for ann:***'
    """
    names = {field.name for field in fields if field.secret}
    told = [connection.password, *(value for name, value in connection.extra.items() if _is_secret(name, names))]
    for secret in sorted((str(value) for value in told if value), key=len, reverse=True):
        for spelled in (secret, quote(secret, safe="")):
            text = text.replace(spelled, "***")
    return text


def _is_secret(name: str, secret: Collection[str]) -> bool:
    return name in secret or any(word in name.lower() for word in _SECRET_WORDS)


def _reason(exc: Exception) -> str:
    return f"no valid JSON, {exc.msg} at column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else str(exc)


def _from_json(conn_id: str, document: dict[str, Any]) -> ConnectionSpec:
    unknown = set(document) - {"conn_type", "description", "host", "port", "schema", "login", "password", "extra"}
    if unknown:
        raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
    extra = document.get("extra") or {}
    port = document.get("port")
    return ConnectionSpec(
        conn_id,
        _normal_type(str(document.get("conn_type") or "")),
        host=document.get("host"),
        port=int(port) if port not in (None, "") else None,
        schema=document.get("schema"),
        login=document.get("login"),
        password=document.get("password"),
        extra=_as_mapping(json.loads(extra) if isinstance(extra, str) else extra),
    )


def _from_uri(conn_id: str, text: str) -> ConnectionSpec:
    parts = urlsplit(text)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    whole = query.pop("__extra__", None)
    return ConnectionSpec(
        conn_id,
        _normal_type(parts.scheme),
        host=unquote(parts.netloc.rpartition("@")[2].partition(":")[0]) or None,
        port=parts.port,
        schema=unquote(parts.path[1:]) or None,
        login=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        extra=_as_mapping(json.loads(whole) if whole else query),
    )


def _as_mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("`extra` must be a JSON object")
    return MappingProxyType(value)


def _normal_type(conn_type: str) -> str:
    """Name the type as Airflow does: `postgresql` is `postgres`, dashes are underscores."""
    if not conn_type:
        raise ValueError("`conn_type` is missing")
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")
