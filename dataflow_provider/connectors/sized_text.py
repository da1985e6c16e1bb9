"""Sessions of engines whose texts have a length, whose DDL commits, and that only our own check keeps read-only."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute

from dataflow_provider.connectors.arrow_rows import IncomingColumn, incoming_columns, inexact
from dataflow_provider.connectors.author_sql import check_reading
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiSession
from dataflow_provider.connectors.parquet_rows import plain_batches
from dataflow_provider.errors import TerminalError

_OF_A_LENGTH = frozenset({"BLOB", "JSON", "UUID", "VARCHAR"})


class SizedTextSession(DbApiSession):
    """One connection; tables for rows of other connections get columns as long as the longest text needs."""

    def __init__(self, raw: Any, connection: ConnectionSpec, *, read_only: bool = False) -> None:
        super().__init__(raw, connection)
        self._read_only = read_only

    @abstractmethod
    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        """Return the engine's type for an incoming column whose texts take at most so many bytes in UTF-8."""

    def column_type(self, column: IncomingColumn) -> str:
        return self.sized_type(column, 0)

    def execute(self, sql: str) -> int | None:
        if self._read_only:
            check_reading(sql, self.sqlglot)
        return super().execute(sql)

    def drop_statement(self, table: str) -> str:
        return f"DROP TABLE {table}"

    def import_rows(self, table: str, path: Path) -> None:
        """The table is made anew, then its rows come in one transaction; it stays empty when that fails."""
        columns = incoming_columns(path)
        sizes = longest_texts(path, columns)
        listed = ", ".join(
            f"{self.quote(column.name)} {self.sized_type(column, size)}"
            for column, size in zip(columns, sizes, strict=True)
        )
        if self.columns_of(table) is not None:
            self.execute(self.drop_statement(table))
        self.execute(self.create_statement(table, listed))
        with self.transaction():
            self.guard(lambda: self.insert_rows(table, columns, self._plain_blocks(path, columns)))

    def create_statement(self, table: str, columns: str) -> str:
        return f"CREATE TABLE {table} ({columns})"


def longest_texts(path: Path, columns: Sequence[IncomingColumn]) -> list[int]:
    """Return the bytes of the longest text of each column of an Arrow stream file; 0 for other types."""
    sizes = [0] * len(columns)
    measured = [at for at, column in enumerate(columns) if column.type in _OF_A_LENGTH]
    if measured:
        for batch in plain_batches(path, columns):
            for at in measured:
                found = pyarrow.compute.max(pyarrow.compute.binary_length(batch.column(at))).as_py()
                sizes[at] = max(sizes[at], found or 0)
    return sizes


def decimal_type(column: IncomingColumn, name: str, digits: int = 38) -> str:
    """Return the engine's exact number of the column's size.

    Raises:
        TerminalError: `DF-RUN-024` when the engine's own has fewer digits.
    """
    precision, scale = column.numbers
    if precision > digits:
        raise inexact(column.name, f"{name}({digits}, {scale})")
    return f"{name}({precision}, {scale})"


def empty_text(column: IncomingColumn, becomes: str) -> TerminalError:
    """Return the error for an empty text on its way to an engine that has none."""
    return TerminalError(
        "DF-RUN-024",
        f"column `{column.name}` holds an empty text, which {becomes}, so its rows are not handed over",
        hint=f"Write NULLIF({column.name}, '') in the stage that reads it.",
    )
