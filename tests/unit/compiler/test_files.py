"""File sources and targets on real files."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.compiled import StagePaths
from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import VALUES, Rows, Warehouse


def read(warehouse: Warehouse, *files: Path, port: str | None = None, **fields: Any) -> Rows:
    nodes = {
        "f": {"type": "source.file", "path": "data/*.csv", "format": "csv", **fields},
        "out": {"type": "target.duckdb", "table": "out", "from": f"f.{port}" if port else "f"},
    }
    paths = StagePaths(reads={"f": tuple(str(file) for file in files)})
    return warehouse.run(nodes, VALUES, paths)["out"]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_csv_without_schema_is_all_text(warehouse: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", 'Id,"order, by"\n007,2026-01-01\n,"say ""hi"""\n')
    result = read(warehouse, file)
    assert result.columns == ["Id", "order, by"]
    assert result.rows == [("007", "2026-01-01"), (None, 'say "hi"')]
    assert warehouse.figures["f", "rows_out"] == 2


def test_csv_with_schema_has_its_types_whatever_the_order(looking: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "more,day,id\nx,01/02/2026,007\n")
    result = read(looking, file, schema={"ID": "INTEGER", "day": "DATE"}, options={"date_format": "%d/%m/%Y"})
    assert result.rows == [(7, date(2026, 2, 1))]


def test_csv_options_are_obeyed(warehouse: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "made by x\nid;name\n1;'a;b'\n2;NA\n", "latin-1")
    options = {"delimiter": ";", "quote": "'", "null": "NA", "skip_rows": 1, "encoding": "latin-1"}
    result = read(warehouse, file, options=options)
    assert (result.columns, result.rows) == (["id", "name"], [("1", "a;b"), ("2", None)])


def test_csv_without_header_takes_names_from_the_schema(warehouse: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "1,a\n2,b\n")
    result = read(warehouse, file, options={"header": False}, schema={"id": "INTEGER", "name": "VARCHAR"})
    assert (result.columns, result.rows) == (["id", "name"], [(1, "a"), (2, "b")])
    assert read(warehouse, file, options={"header": False}).rows == [("1", "a"), ("2", "b")]


def test_source_narrows_columns_and_rows_of_a_file(warehouse: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "id,name\n1,a\n2,b\n")
    result = read(warehouse, file, columns=["name"], where="id = '2'", schema={"id": "VARCHAR", "name": "VARCHAR"})
    assert (result.columns, result.rows) == (["name"], [("b",)])


def test_compressed_files_of_a_glob_are_read_together(warehouse: Warehouse, tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", "id\n1\n")
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(b"id\n2\n"))
    zst = tmp_path / "c.csv.zst"
    warehouse.connection.execute(f"COPY (SELECT '3' AS id) TO '{zst}' (FORMAT csv, COMPRESSION zstd)")
    assert read(warehouse, plain, packed, zst).unordered == [("1",), ("2",), ("3",)]


def test_path_with_a_quote_is_read(warehouse: Warehouse, tmp_path: Path) -> None:
    assert read(warehouse, write(tmp_path / "o'clock.csv", "id\n1\n")).rows == [("1",)]


BAD = 'id,day\n1,2026-01-01\n2\n3,x,y\n4,not a day\n5,2026-01-05\n6,"a"b\n'
SCHEMA = {"id": "INTEGER", "day": "DATE"}


def test_bad_record_fails_the_read(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(
        Exception, match=r"DF-READ-001: line 3 of `.*a\.csv` cannot be read: expected 2 fields, found 1"
    ):
        read(warehouse, write(tmp_path / "a.csv", BAD), schema=SCHEMA)


def test_bad_records_are_skipped_and_counted(warehouse: Warehouse, tmp_path: Path) -> None:
    result = read(warehouse, write(tmp_path / "a.csv", BAD), schema=SCHEMA, on_bad_record="skip")
    assert [row[0] for row in result.rows] == [1, 5]
    assert warehouse.figures["f", "rows_rejected"] == 4
    assert warehouse.figures["f", "rows_out"] == 2


def test_bad_records_leave_by_rejected_one_row_a_line(warehouse: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", BAD)
    result = read(warehouse, file, port="rejected", schema=SCHEMA, on_bad_record="reject")
    assert result.columns == ["file", "line", "byte_offset", "raw", "reason"]
    rows = sorted(result.rows, key=lambda row: row[1])
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (str(file), 3, "2"),
        (str(file), 4, "3,x,y"),
        (str(file), 5, "4,not a day"),
        (str(file), 7, '6,"a"b'),
    ]
    assert [BAD.encode()[row[2] :].decode().splitlines()[0] for row in rows] == [row[3] for row in rows]
    assert "Could not convert string" in rows[2][4]


def test_reading_twice_in_one_session_counts_once(looking: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", BAD)
    for _ in range(2):
        looking.figures.clear()
        read(looking, file, schema=SCHEMA, on_bad_record="skip")
    assert looking.figures["f", "rows_rejected"] == 4


# ---------------------------------------------------------------- headers, as a run reads them


def test_declared_column_that_the_file_lacks_is_refused(looking: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "id,amount\n")
    with pytest.raises(CompileError, match=r"DF-SQL-023.*`amuont`.*Did you mean `amount`"):
        read(looking, file, schema={"id": "INTEGER", "amuont": "INTEGER"})


def test_files_with_other_columns_are_refused(looking: Warehouse, tmp_path: Path) -> None:
    files = [write(tmp_path / "a.csv", "id,amount\n1,2\n"), write(tmp_path / "b.csv", "amount,id\n2,1\n")]
    with pytest.raises(CompileError, match=r"DF-SQL-024.*b\.csv"):
        read(looking, *files)


def test_empty_file_has_no_columns(looking: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="DF-SQL-025"):
        read(looking, write(tmp_path / "a.csv", ""))
    assert read(looking, write(tmp_path / "b.csv", ""), schema={"id": "INTEGER"}).rows == []
    assert read(looking, write(tmp_path / "c.csv", ""), write(tmp_path / "d.csv", "id\n1\n")).rows == [("1",)]


def test_header_that_repeats_a_name_is_refused(looking: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="DF-SQL-026"):
        read(looking, write(tmp_path / "a.csv", "id,ID\n1,2\n"))


def test_header_may_carry_a_byte_order_mark_and_blanks(looking: Warehouse, tmp_path: Path) -> None:
    result = read(looking, write(tmp_path / "a.csv", "\ufeffid,,name\n1,2,3\n"))
    assert (result.columns, result.rows) == (["id", "column1", "name"], [("1", "2", "3")])


def test_columns_of_a_file_are_known_to_the_nodes_after_it(looking: Warehouse, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "id,amount\n1,2\n")
    with pytest.raises(CompileError, match=r"`amuont`.*Did you mean `amount`"):
        read(looking, file, where="amuont > 1")


# ---------------------------------------------------------------- other formats


def test_json_lines_and_arrays_are_read(looking: Warehouse, tmp_path: Path) -> None:
    lines = write(tmp_path / "a.json", '{"id": 1, "tags": ["x"]}\n{"id": 2}\n')
    assert read(looking, lines, format="json").rows == [(1, ["x"]), (2, None)]
    array = write(tmp_path / "b.json", '[{"id": 1}, {"id": 2}]')
    assert read(looking, array, format="json", schema={"id": "VARCHAR"}).rows == [("1",), ("2",)]


def test_parquet_is_read_and_cast(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    warehouse.connection.execute(f"COPY (SELECT 1 AS id, 'x' AS name) TO '{file}' (FORMAT parquet)")
    assert read(warehouse, file, format="parquet").rows == [(1, "x")]
    assert read(warehouse, file, format="parquet", schema={"id": "VARCHAR"}).rows == [("1",)]


@pytest.mark.parametrize("policy", ["skip", "reject"])
def test_bad_record_policy_of_parquet_is_refused(warehouse: Warehouse, policy: str) -> None:
    with pytest.raises(CompileError, match=r"DF-PLAN-001.*on_bad_record"):
        read(warehouse, format="parquet", on_bad_record=policy)


# ---------------------------------------------------------------- targets


def deliver(warehouse: Warehouse, file: Path, **fields: Any) -> None:
    nodes = {
        "s": {"type": "source.duckdb", "query": "SELECT 1 AS \"Id\", NULL AS n, 'a;b' AS t, DATE '2026-01-02' AS d"},
        "out": {"type": "target.file", "path": "out/x", "format": "csv", "from": "s", **fields},
    }
    warehouse.run(nodes, VALUES, StagePaths(writes={"out": str(file)}))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "Id,n,t,d\n1,,a;b,2026-01-02\n"),
        ({"header": False, "null": "NA"}, "1,NA,a;b,2026-01-02\n"),
        ({"delimiter": ";", "quote": "'", "date_format": "%d.%m.%Y"}, "Id;n;t;d\n1;;'a;b';02.01.2026\n"),
    ],
)
def test_csv_target_writes_as_asked(warehouse: Warehouse, tmp_path: Path, options: dict[str, Any], text: str) -> None:
    deliver(warehouse, tmp_path / "x", options=options)
    assert (tmp_path / "x").read_text() == text


def test_target_is_compressed_by_its_own_ending(warehouse: Warehouse, tmp_path: Path) -> None:
    deliver(warehouse, tmp_path / "part", path="out/x.csv.gz")
    assert gzip.decompress((tmp_path / "part").read_bytes()).startswith(b"Id,n,t,d\n")


@pytest.mark.parametrize(("kind", "options"), [("parquet", {}), ("parquet", {"compression": "none"}), ("json", {})])
def test_written_file_reads_back(warehouse: Warehouse, tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    deliver(warehouse, tmp_path / "x", format=kind, options=options)
    function = f"read_{kind}"
    row = warehouse.connection.execute(f"SELECT \"Id\", t, d FROM {function}('{tmp_path / 'x'}')").fetchone()
    assert row == (1, "a;b", date(2026, 1, 2))


def test_target_of_no_rows_writes_the_header(warehouse: Warehouse, tmp_path: Path) -> None:
    nodes = {
        "s": {"type": "source.duckdb", "query": "SELECT 1 AS id WHERE FALSE"},
        "out": {"type": "target.file", "path": "x.csv", "format": "csv", "from": "s"},
    }
    warehouse.run(nodes, VALUES, StagePaths(writes={"out": str(tmp_path / "x")}))
    assert (tmp_path / "x").read_text() == "id\n"
