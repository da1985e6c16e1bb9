"""Errors of DuckDB that come through Arrow keep their class, so that they are told, and hide values, as all others."""

from __future__ import annotations

import duckdb
import pyarrow
import pytest

from dataflow_provider.connectors.duckdb_messages import engine_error, read_batches

LATE = "SELECT CAST(CASE WHEN i = 499999 THEN '48-601' ELSE '1' END AS INTEGER) AS n FROM range(500000) AS r (i)"


def test_error_in_the_middle_of_a_result_is_duckdbs_own() -> None:
    reader = duckdb.connect().sql(LATE).to_arrow_reader(1_000)
    read = read_batches(reader)
    assert next(read).num_rows == 1_000
    with pytest.raises(duckdb.ConversionException) as caught:
        list(read)
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
