"""CSV files in the encoding that their node names, or in another one: never no rows in silence."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.project import Project

TEXT = "id,größe\n1,漢字上海\n2,é\n"


def read(folder: Path, data: bytes, encoding: str, **given: Any) -> list[tuple[Any, ...]]:
    (folder / "a.csv").write_bytes(data)
    project = Project(folder, "w", (folder,), folder / "w.duckdb")
    node = {"path": "a.csv", "format": "csv", "options": FileOptions(encoding=encoding), **given}
    connector = FileConnector()
    with connector.open(ConnectionSpec("", "file"), session_options(project)) as session:
        request = ExtractRequest("n", node, project=project)
        batches = list(connector.extract_data(session, request))
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode("utf-8"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "UTF-16"),
    ],
)
def test_file_is_read_in_its_encoding(tmp_path: Path, data: bytes, encoding: str) -> None:
    assert read(tmp_path, data, encoding) == [("1", "漢字上海"), ("2", "é")]


@pytest.mark.parametrize("header", ["上海", "上", "数量"])
def test_header_of_few_letters_without_a_delimiter_is_read(tmp_path: Path, header: str) -> None:
    assert read(tmp_path, f"{header}\n7\n".encode("utf-16"), "utf-16") == [("7",)]


@pytest.mark.parametrize("schema", [{}, {"schema": {"id": "INTEGER"}}])
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"id,b\n1,2\n3,44\n", "DF-SQL-022.*a.csv.*reads as utf-8.*Leave"),
        (b"id\n1\n2\n34\n", "DF-SQL-022.*a.csv.*reads as utf-8.*Leave"),
        ("id,ñ\n1,2\n3,4\n".encode(), "DF-SQL-022.*a.csv.*reads as utf-8.*Leave"),
        ("id,é\n1,2\n".encode("utf-16-be"), "DF-SQL-022.*a.csv.*reads as utf-16-be.*little endian"),
        (codecs.BOM_UTF16_BE + "id,b\n1,2\n".encode("utf-16-be"), "DF-SQL-022.*reads as utf-16-be.*little endian"),
        # What DuckDB sees itself.
        (b"id,b\n1,2\n3,4\n5\n", "DF-READ-001.*not in the encoding utf-16"),
    ],
)
def test_file_in_another_encoding_is_refused(tmp_path: Path, data: bytes, told: str, schema: dict[str, Any]) -> None:
    with pytest.raises(DataflowError, match=told):
        read(tmp_path, data, "utf-16", **schema)
