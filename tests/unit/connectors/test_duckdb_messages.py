"""Errors of DuckDB that come through Arrow keep their class, so that they are told, and hide values, as all others."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pyarrow
import pytest

from dataflow_provider.connectors.duckdb_messages import engine_error, read_batches

LATE = "SELECT CAST(CASE WHEN i = 499999 THEN '48-601' ELSE '1' END AS INTEGER) AS n FROM range(500000) AS r (i)"


def test_error_in_the_middle_of_a_result_is_duckdbs_own() -> None:
    # With more threads another one may come to the bad row first.
    reader = duckdb.connect(config={"threads": 1}).sql(LATE).to_arrow_reader(1_000)
    with pytest.raises(duckdb.ConversionException) as caught:
        list(read_batches(reader))
    told = engine_error(caught.value)
    assert told.code == "DF-RUN-012"
    assert "48-601" not in told.message


def test_error_of_somebody_else_stays_as_it_is() -> None:
    def broken() -> object:
        yield pyarrow.RecordBatch.from_pydict({"a": [1]})
        raise OSError("no space left")

    read = read_batches(broken())
    next(read)
    with pytest.raises(OSError, match="no space left"):
        next(read)


CSV = (
    "read_csv('FILE', auto_detect = false, header = true, delim = ',', quote = '\"', "
    "columns = {'a': 'VARCHAR', 'b': 'INT'}MORE)"
)
JSON = "read_json('FILE', columns = {'id': 'SMALLINT', 'd': 'DATE', 's': 'STRUCT(x INT)'})"
GUESSED = "read_json('FILE', sample_size = -1)"


@pytest.mark.parametrize(
    ("data", "call", "told"),
    [
        (b"a,b\n1,2\n3,4,secret\n", CSV, "line 3 of `FILE` cannot be read: expected 2 fields, found 3"),
        (b"a,b\n1,2\nsecret\n", CSV, "line 3 of `FILE` cannot be read: expected 2 fields, found 1"),
        (b"a,b\n1,2\n3,secret\n", CSV, "line 3 of `FILE` cannot be read: its field `b` is no INTEGER"),
        (b"a,b\n\xff\xfe,5\n", CSV, "line 2 of `FILE` cannot be read: it is not valid UTF-8"),
        (b'a,b\n"secret,5\n', CSV, "line 2 of `FILE` cannot be read: a quote in it is not closed"),
        (b"a,b\n" + b"x" * 3_000_000 + b",5\n", CSV, "line 2 of `FILE` cannot be read: it is longer than"),
        (b"a,b\r1,2\n3,4\r\n5,6\n", CSV, "`FILE` cannot be read: its lines are no CSV with these options"),
        (b"a,b\n1,2\n\xff\xfe,5\n", CSV.replace("MORE", ", encoding = 'utf-16'"), "it is not in the encoding"),
        (b'{"id":1}\n{"id":"secret"}\n', JSON, "about line 2 of `FILE` cannot be read: a value is no number"),
        (b'{"id":1}\n{"id":40000}\n', JSON, "about line 2 of `FILE` cannot be read: a value is no number, or too"),
        (b'{"d":"secret"}\n', JSON, "about line 1 of `FILE` cannot be read: a value is no date"),
        (b'[1,"secret"]', JSON, "about record 1 of `FILE` cannot be read: UBIGINT stands where OBJECT is expected"),
        (b'{"s":{"x":1}}\n{"s":["secret"]}', JSON, "about line 2 of `FILE` cannot be read: "),
        (b'{"id":1,"id":2}\n', JSON, "about line 1 of `FILE` cannot be read: two of its fields have the name `id`"),
        (b'{"id":1}\nsecret\n', JSON, "`FILE` cannot be read: it is no JSON"),
        (b'{"id":', JSON, "`FILE` cannot be read: it is no JSON: unexpected end of data"),
        (b'{"id":' + b"[" * 3_000 + b"]" * 3_000 + b"}\n", GUESSED, "cannot be read: an object is nested deeper"),
        (b"PAR1", "read_parquet('FILE')", "the file `FILE` cannot be read: it is no Parquet file, or not whole"),
        (b"PAR1" + bytes(99), "read_parquet('FILE')", "the file `FILE` cannot be read: it is no Parquet file"),
        (b"\x1f\x8bsecret", CSV.replace("MORE", ", compression = 'gzip'"), "the file `FILE` cannot be read: it is not"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_bad_record_is_told_in_our_words_without_its_value(tmp_path: Path, data: bytes, call: str, told: str) -> None:
    path = tmp_path / "bad.file"
    path.write_bytes(data)
    with duckdb.connect() as raw, pytest.raises(duckdb.Error) as caught:
        raw.sql(f"FROM {call.replace('FILE', str(path)).replace('MORE', '')}").fetchall()
    error = engine_error(caught.value)
    assert error.code == ("DF-FILE-017" if told.startswith("the file") else "DF-READ-001")
    assert told.replace("FILE", str(path)) in error.message
    assert error.hint
    for word in ("secret", "ignore_errors", "auto_detect", "strict_mode"):
        assert word not in str(error)


def test_object_that_is_too_long_is_told_with_its_file() -> None:
    text = '"maximum_object_size" of 16777216 bytes exceeded while reading file "/in/a.json" (>33554419 bytes).\n Try.'
    error = engine_error(duckdb.InvalidInputException(f"Invalid Input Error: {text}"))
    assert error.message == "an object of `/in/a.json` cannot be read: it is longer than 16777216 bytes"
