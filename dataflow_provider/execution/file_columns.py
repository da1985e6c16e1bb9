"""Columns of local files as far as a look at their beginning tells: the header of CSV, the metadata of Parquet.

For checks without a database; a file that is not there, or cannot be read, is no mistake yet and tells nothing.
"""

from __future__ import annotations

import gzip
import logging
from contextlib import AbstractContextManager
from itertools import islice
from typing import TextIO

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.connectors.file_options import split_header
from dataflow_provider.connectors.registry import get_file_store
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import FileSource
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

MAX_HEADER_CHARACTERS = 1_000_000


def file_columns(pipeline: Pipeline, project: Project) -> dict[str, Columns]:
    """Return the columns of each source whose files lie here, by node; types are "VARCHAR" for CSV without `schema`."""
    found: dict[str, Columns] = {}
    for node, spec in pipeline.nodes.items():
        if isinstance(spec, FileSource) and spec.enabled and spec.connector == "file":
            columns = _columns_of(node, spec, project)
            if columns:
                found[node] = columns
    return found


def _columns_of(node: str, spec: FileSource, project: Project) -> Columns | None:
    try:
        path = get_file_store("file").find(node, spec.path, project)[0]
        if spec.format == "csv":
            return _csv_columns(path, spec)
        return _parquet_columns(path) if spec.format == "parquet" else None
    except (AuthorError, OSError, ValueError, EOFError) as exc:
        logger.debug("the columns of node=%s are not known offline: %s", node, exc)
        return None


def _csv_columns(path: str, spec: FileSource) -> Columns | None:
    options = spec.options
    zipped = options.compression == "gzip" or (options.compression in (None, "auto") and path.endswith(".gz"))
    if options.header is False or (not zipped and (options.compression == "zstd" or path.endswith(".zst"))):
        return None
    with _opened(path, options.encoding or "utf-8", zipped=zipped) as file:
        line = next(islice(file, options.skip_rows or 0, None), "")
    if not line.strip() or len(line) > MAX_HEADER_CHARACTERS:
        return None
    names = [name or f"column{number}" for number, name in enumerate(split_header(line.rstrip("\r\n"), options))]
    return dict.fromkeys(names, "VARCHAR") if len({name.casefold() for name in names}) == len(names) else None


def _opened(path: str, encoding: str, *, zipped: bool) -> AbstractContextManager[TextIO]:
    return gzip.open(path, "rt", encoding=encoding) if zipped else open(path, encoding=encoding)


def _parquet_columns(path: str) -> Columns | None:
    # Half a tenth of a second, so only for those who have such a file.
    import duckdb

    try:
        with duckdb.connect() as raw:
            rows = raw.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    except duckdb.Error as exc:
        raise ValueError(str(exc)) from exc
    return {row[0]: row[1] for row in rows}
