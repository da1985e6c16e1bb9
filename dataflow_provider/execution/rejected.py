"""Records that could not be read: kept in a file for the port `rejected`, or counted where a node skips them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow

from dataflow_provider.spec.findings import Problem, Severity

_AT_ONCE = 1_000
_SCHEMA = pyarrow.schema(
    [
        ("file", pyarrow.string()),
        ("line", pyarrow.int64()),
        ("byte_offset", pyarrow.int64()),
        ("raw", pyarrow.string()),
        ("reason", pyarrow.string()),
    ]
)


@dataclass
class RejectFile:
    """Keeps rejected records in an Arrow stream file, so that memory does not grow with them.

    Parts of a source add to it side by side.
    """

    path: Path
    rows: int = 0
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> RejectFile:
        file = self._stack.enter_context(pyarrow.OSFile(str(self.path), "wb"))
        self._writer = self._stack.enter_context(pyarrow.ipc.new_stream(file, _SCHEMA))
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        with self._stack:
            self._flush()

    def add(self, *, origin: str, line: int | None, byte_offset: int | None, raw: str, reason: str) -> None:
        record = {"file": origin, "line": line, "byte_offset": byte_offset, "raw": raw, "reason": reason}
        with self._lock:
            self._waiting.append(record)
            self.rows += 1
            if len(self._waiting) >= _AT_ONCE:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_batch(pyarrow.RecordBatch.from_pylist(self._waiting, schema=_SCHEMA))
            self._waiting.clear()


@dataclass
class SkippedRecords:
    """Counts records that are left out, and remembers where the first one stands that was told."""

    rows: int = 0
    first: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, origin: str, line: int | None, byte_offset: int | None, raw: str, reason: str) -> None:
        with self._lock:
            self.rows += 1
            if not self.first:
                place = f"line {line}" if line is not None else f"offset {byte_offset}"
                self.first = f"{place} of `{origin}`"


def skipped_records(node: str, rows: int, first: str = "") -> Problem:
    """Return the warning for records that a source has left out. It tells no value of them."""
    what = "1 record that cannot be read was" if rows == 1 else f"{rows:,} records that cannot be read were"
    return Problem(
        "DF-READ-007",
        ("nodes", node, "on_bad_record"),
        f"{what} left out of `{node}`" + (f"; the first is {first}" if first else ""),
        "`on_bad_record: reject` gives them with their reasons on the port `rejected`.",
        Severity.WARNING,
    )
