"""A stage table read in parts side by side, each by a session of its own; a part that loses its server is read again.

The table does not change any more, so the parts are of one state of it whenever each of them is read, also by a later
try: finished parts are kept until the stage is done, under a name that only the same build of the table has.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.connectors.arrow_rows import inexact
from dataflow_provider.connectors.arrow_tables import count_rows
from dataflow_provider.connectors.base import OnRows, SqlSession, ignore_rows
from dataflow_provider.connectors.extract_sql import bounds_sql, extract_sql, no_ranges, split_bounds
from dataflow_provider.connectors.requests import ExtractRequest, Partition
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import TerminalError, TransientError
from dataflow_provider.spec.nodes import SourceBase

logger = logging.getLogger(__name__)

MAX_READERS = 8
TRIES = 3
PAUSE_S = 1.0
KEEP_S = 7 * 24 * 3600.0
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
    kept: KeptParts | None = None,
) -> None:
    """The rows of the quoted table stand in the Arrow stream file, part after part; `session` looks up the ranges.

    With `kept` the parts that an earlier try has finished are not read again.

    Raises:
        AuthorError: `DF-CONN-018` for a column that is neither a number nor a time, nor a text that can be hashed.
        TransientError: when a part was lost several times; those that were read are not read again meanwhile.
    """
    request = ExtractRequest(split.node, {"query": f"SELECT * FROM {table}"})
    low, high = _bounds(session, bounds_sql(dialect, request, split.column), split)
    parts = split_bounds(split.node, split.column, split.count, low, high, hashes_texts=dialect.bucket is not None)
    statements = [extract_sql(dialect, _of(request, part)) for part in parts]
    folder = path.parent if kept is None else kept.folder_of(statements)
    paths = [folder / f"{path.stem}.{part.index}.arrow" for part in parts]
    logger.info("reading table=%s column=%s parts=%d", table, split.column, len(parts))

    def read(part: Partition, sql: str, into: Path) -> None:
        if into.exists():
            logger.info("part %d of %d was read by an earlier try", part.index + 1, part.count)
            on_rows(count_rows(into))
            return
        aside = into.with_suffix(f".{os.getpid()}.reading")
        _read_again(reopen, sql, part, aside, on_rows)
        os.replace(aside, into)

    with ThreadPoolExecutor(min(len(parts), MAX_READERS), thread_name_prefix="dataflow-part") as pool:
        list(pool.map(read, parts, statements, paths))
    join(paths, path, keep=kept is not None)


def _bounds(session: SqlSession, sql: str, split: Split) -> tuple[Any, Any]:
    try:
        _, rows = session.fetch_rows(sql)
    except TerminalError as exc:
        if exc.code != "DF-RUN-014":
            raise
        # The engine knows no lowest of the column's type.
        raise no_ranges(split.node, split.column) from exc
    low, high = rows[0]
    return low, high


@dataclass(frozen=True)
class KeptParts:
    """Where the parts of hand-overs to one stage of one run wait for another try of it.

    `build` tells one build of the table from every other.
    """

    root: Path
    build: str

    def folder_of(self, statements: Sequence[str]) -> Path:
        """Return the folder of parts read by these statements; those nobody came back for in a week are gone."""
        for old in self.root.parent.glob("*") if self.root.parent.is_dir() else ():
            with suppress(FileNotFoundError):  # Its own stage may have ended just now.
                if time.time() - old.stat().st_mtime > KEEP_S:
                    shutil.rmtree(old, ignore_errors=True)
        name = hashlib.sha256("\n".join((self.build, *statements)).encode()).hexdigest()[:32]
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


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


def join(paths: Sequence[Path], path: Path, *, keep: bool = False) -> None:
    """The rows of the files stand in one, in their order; the files are gone unless they are to be kept.

    A decimal column has the widest scale of all files: where its type has none, each was measured by itself.
    """
    schema = _widest([_schema(one) for one in paths])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as writer:
        for one in paths:
            with pyarrow.memory_map(str(one)) as part:
                for batch in pyarrow.ipc.open_stream(part):
                    arrays = [_widened(array, field) for array, field in zip(batch.columns, schema, strict=True)]
                    writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            if not keep:
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
