"""The base of connectors to databases: one SQL session behind every verb, whatever driver is below.

Pipelines use the session itself and push SQL down; extract and load are for rows that leave or enter a database.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pyarrow

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.catalogue import discover
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.connector import ConnectorBase
from dataflow_provider.connectors.extract_sql import bounds_sql, extract_sql, probe_sql, split_bounds
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Partition, SchemaPage, SchemaRequest
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect

Q = TypeVar("Q", bound=SqlSession)


class JDBCConnectorBase(ConnectorBase[Q]):
    """A SQL engine as a source and a target; rows keep their exact values or the call fails."""

    @property
    def dialect(self) -> str:
        """The name of the SQL it speaks, one of `dialects.registry`."""
        return self.manifest.dialect

    @abstractmethod
    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> Q:
        """Return a session; it waits in line where the engine lets one process write."""

    def test_connection(self, session: Q) -> str:
        session.fetch_rows(probe_sql(self._sql))
        return f"{self.manifest.label} answered."

    def do_discover_schema(self, session: Q, request: SchemaRequest) -> SchemaPage:
        """Return schemas, tables of a schema or columns of a table, by the catalogue of the connection's database."""
        return discover(session, self._sql, request)

    def do_extract_data(self, session: Q, request: ExtractRequest) -> Iterator[Any]:
        """Yield the rows of `options["table"]` or `options["query"]`, read into a file first: the session is free."""
        sql = extract_sql(self._sql, request)
        with TemporaryDirectory(prefix="dataflow-") as folder:
            path = Path(folder) / "rows.arrow"
            session.export_rows(sql, path)
            yield from read_stream(path, request.batch_rows)

    def do_load_data(self, session: Q, batches: Iterator[Any], request: LoadRequest) -> int:
        """Write into `options["table"]`: overwrite makes the table anew, append adds to one that has the columns.

        A pipeline's targets do not come this way: their write modes keep what a retry must not double.
        """
        table = self._sql.publish.table(str(request.options["table"]))
        with TemporaryDirectory(prefix="dataflow-") as folder:
            path = Path(folder) / "rows.arrow"
            rows = write_stream(batches, path)
            if request.mode == "overwrite":
                session.import_rows(table, path)
                return rows
            parts = self._sql.publish.parts(str(request.options["table"]))
            beside = self._sql.quoted((*parts[:-1], f"df_load_{parts[-1]}"[:30]))
            session.import_rows(beside, path)
            try:
                names = self._sql.publish.columns(list(session.columns_of(beside) or ()))
                session.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {beside}")
            finally:
                session.execute(self._sql.drop_table(beside))
        return rows

    def do_plan_partitions(self, session: Q, request: ExtractRequest, column: str, count: int) -> list[Partition]:
        """Return ranges of the column between its lowest and its highest value, as even as numbers and times allow."""
        _, rows = session.fetch_rows(bounds_sql(self._sql, replace(request, columns=None), column))
        return split_bounds(request.node, column, count, *rows[0], hashes_texts=self._sql.bucket is not None)

    @property
    def _sql(self) -> SqlDialect:
        return get_dialect(self.dialect)


def read_stream(path: Path, batch_rows: int) -> Iterator[Any]:
    """Yield the batches of an Arrow stream file, at least one, none of more rows than asked for."""
    with pyarrow.memory_map(str(path)) as file:
        reader = pyarrow.ipc.open_stream(file)
        empty = pyarrow.RecordBatch.from_pylist([], schema=reader.schema)
        for batch in chain((empty,), reader):
            yield from (batch.slice(start, batch_rows) for start in range(0, max(batch.num_rows, 1), batch_rows))


def write_stream(batches: Iterator[Any], path: Path) -> int:
    """The batches stand in an Arrow stream file; return their rows."""
    first = next(batches)
    rows = 0
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, first.schema) as writer:
        for batch in chain((first,), batches):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows
