"""Parquet files of a store as Arrow batches, read in place: the columns and row groups wanted, no other bytes.

Folders such as `day=2026-01-01` are columns, as in DuckDB. A row group, or a whole file, is left out when its
statistics, or its folder, rule out every row of it; the SQL that follows applies the condition again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow
import pyarrow.parquet

from dataflow_provider.connectors.arrow_rows import inexact
from dataflow_provider.connectors.file_options import find_name
from dataflow_provider.connectors.file_rows import bad_file
from dataflow_provider.connectors.requests import ExtractRequest, Predicate
from dataflow_provider.connectors.stores import RangeReader, Store, StoredFile
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.nodes import FileSource
from dataflow_provider.spec.suggestions import did_you_mean, listed

_FOLDER = re.compile(r"([^/=]+)=([^/]*)/")
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class _Folders:
    """Columns that the folders of files tell: their Arrow types, and the values of each file by its path."""

    types: Mapping[str, Any]
    values: Mapping[str, Mapping[str, Any]]


def read_parquet_files(
    store: Store, files: Sequence[StoredFile], source: FileSource, request: ExtractRequest
) -> Iterator[Any]:
    """Yield batches of one schema, that of the first file and the folders.

    Raises:
        AuthorError: `DF-SQL-023` for a column that a file does not have.
        TerminalError: `DF-FILE-017` for what is no Parquet file.
    """
    folders = _folders_of(files)
    schema: Any = None
    for file in files:
        with _readable(file, request.node):
            opened = pyarrow.parquet.ParquetFile(
                pyarrow.PythonFile(RangeReader(store, file), "r"), coerce_int96_timestamp_unit="us"
            )
        names = _wanted(source, request, [*opened.schema_arrow.names, *folders.types], file.path)
        found = _plain_schema(opened.schema_arrow, folders, names)
        if schema is None:
            schema = found
            yield pyarrow.RecordBatch.from_pylist([], schema=schema)
        values = folders.values[file.path]
        if all(may_hold(one, *_bounds(values, one.column)) for one in request.predicates):
            yield from _rows_of(opened, file, request, schema, values)
        store.check_unchanged(file)


def _rows_of(opened: Any, file: StoredFile, request: ExtractRequest, schema: Any, values: Mapping[str, Any]) -> Any:
    groups = [at for at in range(opened.num_row_groups) if _group_may_hold(opened.metadata.row_group(at), request)]
    inside = [name for name in schema.names if name not in values]
    with _readable(file, request.node):
        # One group after the other: all that is asked for at once is fetched at once, and held.
        for group in groups:
            for batch in opened.iter_batches(request.batch_rows, [group], inside, use_threads=False):
                yield _fitted(batch, schema, values, file)


def _fitted(batch: Any, schema: Any, values: Mapping[str, Any], file: StoredFile) -> Any:
    arrays = []
    for column in schema:
        if column.name in values:
            array = pyarrow.repeat(pyarrow.scalar(values[column.name], column.type), batch.num_rows)
        else:
            array = batch.column(column.name)
        try:
            arrays.append(array if array.type == column.type else array.cast(column.type))
        except pyarrow.ArrowException as exc:
            raise inexact(f"{column.name}` of `{file.path}", str(column.type)) from exc
    return pyarrow.record_batch(arrays, schema=schema)


def _plain_schema(schema: Any, folders: _Folders, names: Sequence[str]) -> Any:
    return pyarrow.schema(
        [(name, folders.types[name] if name in folders.types else _plain(schema.field(name).type)) for name in names]
    )


def _plain(kind: Any) -> Any:
    if pyarrow.types.is_timestamp(kind) and kind.unit != "us":
        return pyarrow.timestamp("us", kind.tz)
    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def _wanted(source: FileSource, request: ExtractRequest, names: Sequence[str], path: str) -> list[str]:
    asked = request.columns or tuple(source.schema_ or ()) or tuple(dict.fromkeys(names))
    found = []
    for name in asked:
        real = find_name(name, names)
        if real is None:
            raise AuthorError(
                "DF-SQL-023",
                f"the file `{path}` has no column `{name}`; it has {listed(names)}",
                place=Place(node=request.node),
                hint=did_you_mean(name, names),
            )
        found.append(real)
    return found


class _readable:
    """What goes wrong inside is told of the file, but for what the store says itself."""

    def __init__(self, file: StoredFile, node: str) -> None:
        self._file, self._node = file, node

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(self, kind: object, exc: BaseException | None, tb: object) -> None:
        if isinstance(exc, pyarrow.ArrowException) or type(exc) is OSError:
            raise bad_file(self._node, self._file.path, " ".join(str(exc).split())) from exc


# ---------------------------------------------------------------- folders


def _folders_of(files: Sequence[StoredFile]) -> _Folders:
    """Return the columns of the folders, where all files have the same; dates and whole numbers are told by all."""
    told = {file.path: dict(_FOLDER.findall(file.path)) for file in files}
    first = next(iter(told.values()))
    if any(list(one) != list(first) for one in told.values()):
        return _Folders({}, {path: {} for path in told})
    types: dict[str, Any] = {}
    values: dict[str, dict[str, Any]] = {path: {} for path in told}
    for name in first:
        texts = {path: None if one[name] == _NULL_FOLDER else one[name] for path, one in told.items()}
        types[name], read = _type_of([text for text in texts.values() if text is not None])
        for path, text in texts.items():
            values[path][name] = None if text is None else read(text)
    return _Folders(types, values)


def _type_of(texts: Sequence[str]) -> tuple[Any, Any]:
    kinds: tuple[tuple[Any, Any], ...] = ((pyarrow.int64(), _whole), (pyarrow.date32(), date.fromisoformat))
    for kind, read in kinds:
        with suppress(ValueError):
            for text in texts:
                read(text)
            return kind, read
    return pyarrow.string(), str


def _whole(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63 or "_" in text:
        raise ValueError(text)
    return number


# ---------------------------------------------------------------- what may be left out


def _group_may_hold(group: Any, request: ExtractRequest) -> bool:
    return all(may_hold(one, *_statistics(group, one.column)) for one in request.predicates)


def _statistics(group: Any, name: str) -> tuple[Any, Any]:
    for at in range(group.num_columns):
        column = group.column(at)
        if column.path_in_schema.casefold() == name.casefold():
            found = column.statistics
            return (found.min, found.max) if found is not None and found.has_min_max else (None, None)
    return None, None


def _bounds(values: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    value = values.get(find_name(name, values) or "")
    return value, value


def may_hold(predicate: Predicate, low: Any, high: Any) -> bool:
    """Return whether a value between the bounds may meet the predicate; unknown bounds may.

    >>> may_hold(Predicate("id", ">", (5,)), 1, 5), may_hold(Predicate("id", ">=", (5,)), 1, 5)
    (False, True)
    """
    if low is None or high is None:
        return True
    verdicts = [_meets(predicate.comparison, value, low, high) for value in predicate.values if _alike(value, low)]
    if len(verdicts) != len(predicate.values) or not verdicts:
        return True
    return any(verdicts)


def _meets(comparison: str, value: Any, low: Any, high: Any) -> bool:
    if comparison in ("=", "in"):
        return bool(low <= value <= high)
    if comparison == "<>":
        return not (low == high == value)
    return bool({"<": low < value, "<=": low <= value, ">": high > value, ">=": high >= value}[comparison])


def _alike(value: Any, bound: Any) -> bool:
    """Return whether both are compared by Python as by a database: exact numbers, texts, dates, moments without a zone.

    Floats are left to the database: a NaN is in no statistics.
    """
    if isinstance(value, datetime) or isinstance(bound, datetime):
        return type(value) is type(bound) is datetime and value.tzinfo is None and bound.tzinfo is None
    numbers = (int, Decimal)
    if isinstance(value, bool) or isinstance(bound, bool):
        return False
    if isinstance(value, numbers) and isinstance(bound, numbers):
        return True
    return type(value) is type(bound) and isinstance(value, str | date)
