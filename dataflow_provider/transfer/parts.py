"""A stage table read in parts side by side, each by a session of its own; a part that loses its server is read again.

The table does not change any more, so the parts are of one state of it whenever each of them is read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.connectors.arrow_rows import inexact
from dataflow_provider.connectors.base import OnRows, SqlSession, ignore_rows
from dataflow_provider.connectors.extract_sql import bounds_sql, extract_sql, split_bounds
from dataflow_provider.connectors.requests import ExtractRequest, Partition
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import TransientError
from dataflow_provider.spec.nodes import SourceBase

logger = logging.getLogger(__name__)

MAX_READERS = 8
TRIES = 3
PAUSE_S = 1.0
EMBEDDED = frozenset({"duckdb", "sqlite"})
"""Engines in a file: their sessions wait for each other."""
Reopen = Callable[[], AbstractContextManager[SqlSession]]


@dataclass(frozen=True)
class Split:
    """How a table is cut: ranges of a column of it, about `count` of them, asked for by a node."""

    node: str
    column: str
    count: int


def split_of(plan: Plan, stage: Stage) -> Split | None:
    """Return how the stage's source wants to be read; None when none says it, or the engine is read by one session."""
    if stage.dialect in EMBEDDED:
        return None
    for node in stage.nodes:
        spec = plan.graph.nodes[node].spec
        if isinstance(spec, SourceBase) and spec.partition is not None:
            return Split(node, spec.partition.column, spec.partition.count)
    return None


def export_parts(
    session: SqlSession,
    reopen: Reopen,
    dialect: SqlDialect,
    table: str,
    split: Split,
    path: Path,
    on_rows: OnRows = ignore_rows,
) -> None:
    """The rows of the quoted table stand in the Arrow stream file, part after part; `session` looks up the ranges.

    Raises:
        AuthorError: `DF-CONN-018` for a column that is neither a number nor a time.
        TransientError: when a part was lost several times; those that were read are not read again meanwhile.
    """
    request = ExtractRequest(split.node, {"query": f"SELECT * FROM {table}"})
    _, rows = session.fetch_rows(bounds_sql(dialect, request, split.column))
    parts = split_bounds(split.node, split.column, split.count, *rows[0])
    paths = [path.with_suffix(f".{part.index}.arrow") for part in parts]
    logger.info("reading table=%s column=%s parts=%d", table, split.column, len(parts))

    def read(part: Partition, into: Path) -> None:
        _read_again(reopen, extract_sql(dialect, _of(request, part)), part, into, on_rows)

    with ThreadPoolExecutor(min(len(parts), MAX_READERS), thread_name_prefix="dataflow-part") as pool:
        list(pool.map(read, parts, paths))
    join(paths, path)


def _of(request: ExtractRequest, part: Partition) -> ExtractRequest:
    return ExtractRequest(request.node, request.options, partition=part)


def _read_again(reopen: Reopen, sql: str, part: Partition, path: Path, on_rows: OnRows) -> None:
    for left in reversed(range(TRIES)):
        try:
            with reopen() as session:
                session.watch(on_rows)
                session.export_rows(sql, path)
            return
        except TransientError as exc:
            if not left:
                raise
            logger.warning("part %d of %d is read again, tries_left=%d: %s", part.index + 1, part.count, left, exc.code)
            time.sleep(PAUSE_S)


def join(paths: Sequence[Path], path: Path) -> None:
    """The rows of the files stand in one, in their order; the files are gone.

    A decimal column has the widest scale of all files: where its type has none, each was measured by itself.
    """
    schema = _widest([_schema(one) for one in paths])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as writer:
        for one in paths:
            with pyarrow.memory_map(str(one)) as part:
                for batch in pyarrow.ipc.open_stream(part):
                    arrays = [_widened(array, field) for array, field in zip(batch.columns, schema, strict=True)]
                    writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            one.unlink()


def _schema(path: Path) -> Any:
    with pyarrow.memory_map(str(path)) as file:
        return pyarrow.ipc.open_stream(file).schema


def _widest(schemas: Sequence[Any]) -> Any:
    widest = [max(fields, key=_scale) for fields in zip(*schemas, strict=True)]
    return pyarrow.schema(widest)


def _scale(field: Any) -> int:
    return field.type.scale if pyarrow.types.is_decimal(field.type) else 0


def _widened(array: Any, field: Any) -> Any:
    if array.type == field.type:
        return array
    try:
        return array.cast(field.type)
    except pyarrow.ArrowException:
        raise inexact(field.name, str(field.type)) from None
