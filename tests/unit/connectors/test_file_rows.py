"""Files as Arrow batches: written whole or not at all, read back with their types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_native_connector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.project import Project

OPTIONS = {"path": "out.parquet", "format": "parquet"}
ROWS: list[dict[str, Any]] = [{"id": 1, "name": "żółć"}, {"id": 2, "name": None}]


def batches(*, torn: bool = False) -> Iterator[Any]:
    yield pyarrow.RecordBatch.from_pylist(ROWS)
    if torn:
        raise ConnectionAbortedError("the rows stopped coming")


def test_torn_load_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    connector = get_native_connector("file")
    with connector.open(
        ConnectionSpec("", "file"), SessionOptions(Holder("p", "s"), file_roots=(tmp_path,))
    ) as session:
        request = LoadRequest("t", OPTIONS, "overwrite", "run 1", project=project)
        assert connector.load_data(session, batches(), request) == 2
        with pytest.raises(DataflowError):
            connector.load_data(session, batches(torn=True), request)
        read = connector.extract_data(session, ExtractRequest("s", OPTIONS, project=project, columns=("name", "id")))
        rows = [row for batch in read for row in batch.to_pylist()]
    assert rows == [{"name": row["name"], "id": row["id"]} for row in ROWS]
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
