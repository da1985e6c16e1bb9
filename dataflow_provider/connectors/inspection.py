"""A connection looked at for people: does it answer, and what is behind it. No row is written, no secret is told."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec, without_secrets
from dataflow_provider.connectors.connector import ConnectorBase
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import REGISTRY
from dataflow_provider.connectors.requests import SchemaPage, SchemaRequest
from dataflow_provider.errors import AuthorError, DataflowError

LOCK_TIMEOUT_S = 5.0
"""How long a look waits for a database file that a run writes to."""
CACHE_TTL_S = 60.0
CACHE_PAGES = 256


@dataclass(frozen=True)
class ConnectionTest:
    """Whether a connection answers; `message` is a sentence, `code` and `hint` go with a failure."""

    ok: bool
    message: str
    seconds: float
    code: str | None = None
    hint: str | None = None


def connector_for(connection: ConnectionSpec) -> ConnectorBase[Any]:
    """Return the connector that takes connections of this type.

    Raises:
        AuthorError: `DF-CONN-003` when none does.
    """
    kind = connection.conn_type
    found = REGISTRY.of_connection_type(kind) or REGISTRY.of_connection_type(kind, "native")
    if found is None:
        raise AuthorError(
            "DF-CONN-003",
            f"connection `{connection.conn_id}` is of type `{kind}`, which no connector takes",
            hint="See `dataflow connectors` for those that are there.",
        )
    return REGISTRY.get(found.name)


def inspect_connection(connection: ConnectionSpec, roots: tuple[Path, ...] = ()) -> ConnectionTest:
    """Return whether the connection opens and answers; a failure names the connection and says what to do."""
    started = time.monotonic()
    try:
        connector = connector_for(connection)
        with connector.open(connection, _options(roots)) as session:
            said = connector.test_connection(session)
    except DataflowError as error:
        told = error.message
        if f"`{connection.conn_id}`" not in told:
            told = f"connection `{connection.conn_id}`: {told}"
        return ConnectionTest(False, without_secrets(told, connection), _since(started), error.code, error.hint)
    return ConnectionTest(True, said, _since(started))


def discover_connection(connection: ConnectionSpec, request: SchemaRequest, roots: tuple[Path, ...] = ()) -> SchemaPage:
    """Return a page of what is behind the connection.

    Raises:
        DataflowError: when it cannot be opened, or its connector cannot look.
    """
    connector = connector_for(connection)
    with connector.open(connection, _options(roots)) as session:
        return connector.discover_schema(session, request)


class SchemaCache:
    """Pages for a short time, so that a screen that is opened again does not ask the database again."""

    def __init__(
        self, ttl_s: float = CACHE_TTL_S, pages: int = CACHE_PAGES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl_s, self._pages, self._clock = ttl_s, pages, clock
        self._kept: OrderedDict[tuple[str, SchemaRequest], tuple[float, SchemaPage]] = OrderedDict()
        self._guard = threading.Lock()

    def get(
        self, connection: ConnectionSpec, request: SchemaRequest, ask: Callable[[], SchemaPage], *, fresh: bool = False
    ) -> SchemaPage:
        """Return the page, asked for when it is not kept, is too old, or must be `fresh`; errors are never kept."""
        key = (_fingerprint(connection), request)
        with self._guard:
            kept = self._kept.get(key)
        if kept is not None and not fresh and self._clock() - kept[0] < self._ttl_s:
            return kept[1]
        page = ask()
        with self._guard:
            self._kept[key] = (self._clock(), page)
            self._kept.move_to_end(key)
            while len(self._kept) > self._pages:
                self._kept.popitem(last=False)
        return page


def _fingerprint(connection: ConnectionSpec) -> str:
    """A changed connection is another one; the password is not kept as it is."""
    told = repr((connection, connection.password, sorted(connection.extra.items(), key=str)))
    return hashlib.sha256(told.encode()).hexdigest()


def _options(roots: tuple[Path, ...]) -> SessionOptions:
    return SessionOptions(
        Holder("connections", "look"), read_only=True, file_roots=roots, lock_timeout_s=LOCK_TIMEOUT_S
    )


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
