"""DuckDB's errors as ours: whether a retry can help, and what DuckDB said, without values of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow

from dataflow_provider.connectors.duckdb_records import record_error
from dataflow_provider.connectors.engine_errors import Kind
from dataflow_provider.errors import EngineError, TerminalError, TransientError

# Code and branch by the driver's class; the first that matches counts. Codes are stable.
_BRANCHES: tuple[tuple[type[Exception], str, type[EngineError], str], ...] = (
    (duckdb.InterruptException, "DF-RUN-019", TransientError, "the statement was interrupted"),
    (duckdb.OutOfMemoryException, "DF-RUN-018", TransientError, "DuckDB ran out of memory"),
    (duckdb.TransactionException, "DF-RUN-017", TransientError, "the transaction failed"),
    (duckdb.ConstraintException, "DF-RUN-011", TerminalError, "a constraint of the table refused a row"),
    (duckdb.ConversionException, "DF-RUN-012", TerminalError, "a value could not be converted"),
    (duckdb.OutOfRangeException, "DF-RUN-013", TerminalError, "a value is out of range"),
    (duckdb.CatalogException, "DF-RUN-014", TerminalError, Kind.MISSING),
    (duckdb.BinderException, "DF-RUN-014", TerminalError, Kind.MISSING),
    (duckdb.ParserException, "DF-RUN-015", TerminalError, "the statement cannot be parsed"),
    (duckdb.PermissionException, "DF-RUN-016", TerminalError, "the statement may not do that"),
    (duckdb.IOException, "DF-RUN-020", TerminalError, "a file could not be read or written"),
)
_CLASSES = {
    name.removesuffix("Exception").lower(): kind for name, kind in vars(duckdb).items() if name.endswith("Exception")
}
_FOREIGN_LOCK = ("Could not set lock on file", "different configuration", "Unique file handle conflict")
_HOLDER = re.compile(r"Conflicting lock is held in (\S+) \(PID (\d+)\)")
_ROW_TEXT = re.compile(r"^\s*Original Line:.*$", re.MULTILINE)
_KEY_VALUES = re.compile(r'(Duplicate key|key) "[^"]*"')
_CLASS = re.compile(r"([A-Z][A-Za-z ]*?) Error: ")
_CONVERTED = re.compile(r"(Could not convert string|value|string|input|Type \w+ with value) (?:'[^']*'|\"[^\"]*\"|\S+)")


def is_busy(exc: duckdb.Error) -> bool:
    """Return whether the file will be free once another user of it leaves."""
    return any(text in str(exc) for text in _FOREIGN_LOCK)


def foreign_holder(exc: duckdb.Error) -> str:
    """Return in words which program DuckDB says has the file open."""
    found = _HOLDER.search(str(exc))
    return f"the program {found[1]} (pid {found[2]})" if found else "another program"


def engine_error(exc: duckdb.Error) -> EngineError:
    """Return our error for DuckDB's, with its message in one paragraph."""
    found = record_error(str(exc))
    if found is not None:
        return found
    text = redacted(exc)
    if "No space left on device" in text:
        return TransientError("DF-RUN-021", f"the disk is full: {text}", hint="Free some space and run it again.")
    for kind, code, branch, meaning in _BRANCHES:
        if isinstance(exc, kind):
            return branch(code, f"{meaning}: {text}")
    return TerminalError("DF-RUN-010", f"DuckDB refused the statement: {text}")


def redacted(exc: duckdb.Error) -> str:
    """Return DuckDB's message without its class, its excerpt of the SQL and, where rows may speak, their values."""
    text = str(exc).split("\n\nLINE ")[0].split("\nLINE ")[0]
    text = text.partition(" Error: ")[2] or text
    if isinstance(exc, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return text.strip()
    text = _ROW_TEXT.sub("", text)
    text = _KEY_VALUES.sub(r'\1 "…"', text)
    text = _CONVERTED.sub(r"\1 '…'", text)
    return re.sub(r"\n\s*\n+", "\n", text).strip()


def read_batches(reader: Any) -> Iterator[Any]:
    """Yield the batches of a result's Arrow reader.

    Raises:
        duckdb.Error: of the class that DuckDB's message names; Arrow raises a plain OSError in its place.
    """
    try:
        yield from reader
    except (pyarrow.ArrowException, OSError) as exc:
        named = _CLASS.match(str(exc))
        if named is None:
            raise
        raise _CLASSES.get(named[1].replace(" ", "").lower(), duckdb.Error)(str(exc)) from None
