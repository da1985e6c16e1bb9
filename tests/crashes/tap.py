"""A tap on the wire between a session and its driver: somebody hears of each statement before it is sent, and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from dataflow_provider.connectors.dbapi import DbApiConnector
from dataflow_provider.connectors.impl.duckdb import DuckDBSession

Listener = Callable[[str, Any], None]
"""Is told a statement and the driver's own connection."""

_READS = re.compile(r"\s*(SELECT|SHOW|DESCRIBE|WITH|SET|PRAGMA)\b", re.IGNORECASE)
# A lock is an effect although it is asked for by a SELECT; what a description needs is the session's alone.
_EFFECT, _SESSIONS_OWN = re.compile(r"LOCK", re.IGNORECASE), re.compile(r"_df_described")
_KEPT = re.compile(r"\s*(CREATE|DROP|INSERT|DELETE)[A-Z ]* \W?_dataflow", re.IGNORECASE)


def has_effect(statement: str) -> bool:
    """Return whether the database is another after the statement, as far as anybody else could tell."""
    if _SESSIONS_OWN.search(statement):
        return False
    return _READS.match(statement) is None or _EFFECT.search(statement) is not None


def keeps_books(statement: str) -> bool:
    """Return whether the statement only makes, fills or removes the product's own tables."""
    return _KEPT.match(statement) is not None


def ignore(statement: str, raw: Any) -> None:
    """Listen to nothing."""


class _Tapped:
    """A connection or cursor of a driver whose statements are told; all else is its own."""

    _raw: Any
    _owner: Any
    _before: Listener
    _after: Listener

    def __init__(self, raw: Any, owner: Any, before: Listener, after: Listener) -> None:
        for name, value in (("_raw", raw), ("_owner", owner), ("_before", before), ("_after", after)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._raw, name, value)

    def __enter__(self) -> Any:
        return self._raw.__enter__()

    def __exit__(self, *problem: object) -> Any:
        return self._raw.__exit__(*problem)

    def cursor(self, *given: Any, **more: Any) -> Any:
        return _Tapped(self._raw.cursor(*given, **more), self._owner, self._before, self._after)

    def execute(self, statement: Any, *given: Any, **more: Any) -> Any:
        text = statement if isinstance(statement, str) else statement.query
        return self._told(text, lambda: self._raw.execute(statement, *given, **more))

    def commit(self) -> Any:
        return self._told("COMMIT", self._raw.commit)

    def rollback(self) -> Any:
        return self._told("ROLLBACK", self._raw.rollback)

    def _told(self, statement: str, call: Callable[[], Any]) -> Any:
        self._before(statement, self._owner)
        answer = call()
        self._after(statement, self._owner)
        return answer


@contextmanager
def tapped(before: Listener = ignore, after: Listener = ignore) -> Iterator[None]:
    """Sessions opened inside tell their statements."""
    connected, born = DbApiConnector._connected, DuckDBSession.__init__

    def connect(self: Any, *given: Any) -> Any:
        session = connected(self, *given)
        session._raw = _Tapped(session._raw, session._raw, before, after)
        return session

    def begin(self: DuckDBSession, raw: Any, held: Any = None) -> None:
        born(self, _Tapped(raw, raw, before, after), held)  # type: ignore[arg-type]  # stands in for it

    with patch.object(DbApiConnector, "_connected", connect), patch.object(DuckDBSession, "__init__", begin):
        yield
