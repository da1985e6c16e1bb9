"""Answers of models by the hash of what was asked, so that a re-run asks and pays only for what is new.

What was asked is not kept, only its hash; an answer is forgotten after 90 days.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

KEEP_S = 90 * 24 * 3600
_BUSY_S = 30.0
_AT_ONCE = 500


class AnswerCache(Protocol):
    """Where answers are kept."""

    def find(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the answers that are known, by key."""

    def keep(self, answers: Mapping[str, Any]) -> None:
        """The answers are found from now on."""


def answer_key(*asked: Any) -> str:
    """Return the key of a question: equal for equal JSON documents, whatever the order of their keys.

    >>> answer_key({"a": 1, "b": 2}) == answer_key({"b": 2, "a": 1})
    True
    """
    return sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


class MemoryCache:
    """Answers of this process."""

    def __init__(self) -> None:
        self._answers: dict[str, Any] = {}

    def find(self, keys: Iterable[str]) -> dict[str, Any]:
        return {key: self._answers[key] for key in keys if key in self._answers}

    def keep(self, answers: Mapping[str, Any]) -> None:
        self._answers.update(answers)


class FileCache:
    """Answers in one SQLite file, which several processes may use at once.

    A file that cannot be read or written costs another question and no failure: what was paid for is still used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of(cls, project: Project) -> FileCache:
        """Return the one of all workspaces and environments: its keys hold all that an answer depends on."""
        return cls(project.state_folder / "ai" / "answers.sqlite3")

    def find(self, keys: Iterable[str]) -> dict[str, Any]:
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        if not self._path.exists():
            return found
        with self._forgiving("found"), self._open() as database:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = database.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", some)
                found |= {key: json.loads(answer) for key, answer in rows}
        return found

    def keep(self, answers: Mapping[str, Any]) -> None:
        if not answers:
            return
        now = int(time.time())
        with self._forgiving("kept"), self._open() as database:
            database.execute("DELETE FROM answers WHERE kept_at < ?", (now - KEEP_S,))
            database.executemany(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                [(key, json.dumps(answer, default=str), now) for key, answer in answers.items()],
            )

    @contextmanager
    def _forgiving(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as exc:
            logger.warning("answers of models cannot be %s in %s: %s", what, self._path, exc)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=_BUSY_S)
        try:
            with database:
                database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT, kept_at INT)")
                yield database
        finally:
            database.close()
