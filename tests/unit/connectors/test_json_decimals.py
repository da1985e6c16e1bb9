"""Numbers of JSON files as declared decimals: every digit, or an error; in each way that a JSON file is read."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.json_decimals import exact_value, is_exact
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.nodes import OnBadRecord
from dataflow_provider.spec.project import Project
from tests.unit.connectors.rejected import Rejected

WIDE = "DECIMAL(38,10)"
TAKEN = [
    ("1.5", "DECIMAL(18,2)", "1.50"),
    ("-0.005", "DECIMAL(18,3)", "-0.005"),
    ("1e3", WIDE, "1000"),
    ("null", WIDE, None),
    ('"-1234567890123456789.0123456789"', WIDE, "-1234567890123456789.0123456789"),
    ("12345678901234567", WIDE, "12345678901234567"),
    ("1234567890123456789012345678", WIDE, "1234567890123456789012345678"),
    # A double of this is 100000000000000001988.46… as a decimal, and says itself that it is not.
    ("100000000000000000000.0", WIDE, "100000000000000000000"),
    # The digits beyond those of a double are not kept by the type either.
    ("0.123456789012345678", WIDE, "0.1234567890"),
    ("123456789012345678901234567890", "HUGEINT", "123456789012345678901234567890"),
]
LOST = ["1234567890123456789.12", "-12345678901234567.5", "123456.78901234567"]
NONE = ['"abc"', "true", "1e400", "[1]", "12345678901234567890123456789012345678901"]


def write(folder: Path, *values: str) -> Path:
    file = folder / "numbers.json"
    file.write_text("".join(f'{{"id": {at}, "d": {value}}}\n' for at, value in enumerate(values)))
    return file


def read(folder: Path, kind: str, policy: OnBadRecord = "fail", rejected: Rejected | None = None) -> list[Any]:
    """Read as another engine's pipeline does: by the file connector."""
    project = Project(folder, "w", (folder,), folder / "w.duckdb")
    given = {"path": "numbers.json", "format": "json", "schema": {"id": "INTEGER", "d": kind}}
    connector = FileConnector()
    with connector.open(ConnectionSpec("", "file"), session_options(project)) as session:
        request = ExtractRequest(
            "n", given, project=project, rejects=rejected, on_bad_record=policy,
        )  # fmt: skip
        return [row["d"] for batch in connector.extract_data(session, request) for row in batch.to_pylist()]


@pytest.mark.parametrize(("written", "kind", "wanted"), TAKEN)
def test_number_keeps_every_digit_that_its_type_has(
    tmp_path: Path, written: str, kind: str, wanted: str | None
) -> None:
    write(tmp_path, written)
    assert read(tmp_path, kind) == [None if wanted is None else Decimal(wanted)]


@pytest.mark.parametrize(
    ("written", "told"),
    [*((value, "has more digits than a JSON number keeps.*as a text") for value in LOST),
     *((value, r"field `d` is no DECIMAL\(38,10\)") for value in NONE)],
)  # fmt: skip
def test_number_that_would_change_is_refused_by_file_and_field(tmp_path: Path, written: str, told: str) -> None:
    write(tmp_path, "1", written)
    with pytest.raises(DataflowError, match=f"DF-READ-001.*numbers.json.*{told}") as caught:
        read(tmp_path, WIDE)
    assert written.strip('"[]') not in str(caught.value).replace("numbers.json", "") or written == "[1]"


def test_bad_numbers_are_rejected_one_by_one(tmp_path: Path) -> None:
    write(tmp_path, "1.5", *LOST, *NONE, "2.5")
    rejected = Rejected()
    assert read(tmp_path, WIDE, "reject", rejected) == [Decimal("1.5"), Decimal("2.5")]
    assert [one["reason"] for one in rejected] == (
        ["its field `d` has more digits than a JSON number keeps"] * len(LOST)
        + [f"its field `d` is no {WIDE}"] * len(NONE)
    )


@pytest.mark.parametrize("written", [value for value, kind, _ in TAKEN if kind == WIDE] + LOST)
def test_duckdbs_own_reading_says_the_same(
    tmp_path: Path, written: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, written)
    database = tmp_path / "w.duckdb"
    monkeypatch.setenv("AIRFLOW_CONN_W", json.dumps({"conn_type": "duckdb", "host": str(database)}))
    pipeline = tmp_path / "numbers.yaml"
    pipeline.write_text(
        "apiVersion: dataflow/v1\nkind: Pipeline\nid: numbers\ndefaults: {connection: w}\nnodes:\n"
        f"  in:\n    type: source.file\n    path: {tmp_path}/numbers.json\n    format: json\n"
        f"    schema: {{id: INTEGER, d: '{WIDE}'}}\n"
        "  out:\n    type: target.duckdb\n    from: in\n    table: numbers\n    write: {mode: overwrite}\n"
        "    create: {if_missing: true}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(pipeline), "--json"]) == (1 if written in LOST else 0), capsys.readouterr().out
    if written in LOST:
        assert "more digits than a JSON number keeps" in json.loads(capsys.readouterr().out)["error"]["message"]
        return
    with duckdb.connect(str(database)) as connection:
        [(value,)] = connection.execute("SELECT d FROM numbers").fetchall()
    assert [value] == read(tmp_path, WIDE)


def test_column_of_the_name_filename_is_not_taken_for_the_file(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    file.write_text('{"filename": "secret", "d": 1234567890123456789.12}\n')
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    given = {"path": "numbers.json", "format": "json", "schema": {"filename": "VARCHAR", "d": WIDE}}
    connector = FileConnector()
    with (
        connector.open(ConnectionSpec("", "file"), session_options(project)) as session,
        pytest.raises(DataflowError, match="a record cannot be read") as caught,
    ):
        list(connector.extract_data(session, ExtractRequest("n", given, project=project)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "exact"),
    [("DECIMAL(15,2)", False), ("decimal( 16 , 2 )", True), ("NUMERIC", True), ("DOUBLE", False), ("BIGINT", False),
     ("DECIMAL(18)", True), ("HUGEINT", True), ("DECIMAL(38,10)[]", False)],
)  # fmt: skip
def test_only_numbers_that_a_double_cannot_hold_are_read_apart(kind: str, exact: bool) -> None:
    assert is_exact(kind) is exact


def test_name_of_a_column_is_quoted_everywhere() -> None:
    name = 'it\'s "d"'
    sql = exact_value(name, "DECIMAL(18,2)", tells_file=False)
    quoted = name.replace('"', '""')
    with duckdb.connect() as connection:
        rows = connection.execute(f"""SELECT {sql} FROM (SELECT '1.25'::JSON AS "{quoted}")""").fetchall()
    assert rows == [(Decimal("1.25"),)]
