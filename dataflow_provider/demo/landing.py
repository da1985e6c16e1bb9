"""Lands the sample data once: CDR and flight files below `<project>/data`, the reference tables in the warehouse.

A marker file, written last, says what lies there; without it, or when something else is asked for, all is made anew.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.demo.flights import land_flights
from dataflow_provider.demo.telecom import TelecomSize, generate_telecom

# Raised when the generator writes something else for the same size and seed.
GENERATION = 1
MARKER = ".generated.json"
REFERENCE = "reference"


def land_files(data: Path, size: TelecomSize) -> bool:
    """All sample files stand below `data`; returns whether they had to be made.

    Only the folders `cdr`, `nycflights13` and `reference` are touched; files of an earlier size vanish.
    """
    data.mkdir(parents=True, exist_ok=True)
    with _alone(data):
        marker = data / MARKER
        if _read(marker) == fingerprint(size):
            return False
        marker.unlink(missing_ok=True)
        for folder in ("cdr", "nycflights13", REFERENCE):
            shutil.rmtree(data / folder, ignore_errors=True)
        telecom = generate_telecom(data, size)
        (data / REFERENCE).mkdir()
        for table, rows in telecom.reference.tables.items():
            pq.write_table(rows, data / REFERENCE / f"{table}.parquet")
        land_flights(data / "nycflights13")
        marker.write_text(fingerprint(size))
        return True


def load_reference(data: Path, warehouse: ConnectionSpec, size: TelecomSize) -> bool:
    """Every table of `data`/reference stands in the warehouse; returns whether they had to be loaded.

    They are replaced in one transaction that also notes their size, as the comment of each table.
    """
    files = sorted((data / REFERENCE).glob("*.parquet"))
    if _noted(warehouse) == {file.stem: fingerprint(size) for file in files}:
        return False
    options = SessionOptions(Holder("demo", "reference tables"), file_roots=(data,))
    with get_connector("duckdb").open(warehouse, options) as session, session.transaction():
        for file in files:
            schema, _, table = file.stem.partition(".")
            path = str(file).replace("'", "''")
            session.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            session.execute(f'CREATE OR REPLACE TABLE "{schema}"."{table}" AS SELECT * FROM read_parquet(\'{path}\')')
            session.execute(f'COMMENT ON TABLE "{schema}"."{table}" IS \'{fingerprint(size)}\'')
    return True


def _noted(warehouse: ConnectionSpec) -> dict[str, str]:
    """What the reference tables that are there say of their size; read without keeping others out."""
    options = SessionOptions(Holder("demo", "reference tables"), read_only=True)
    with get_connector("duckdb").open(warehouse, options) as session:
        _, rows = session.fetch_rows(
            "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"
            " WHERE schema_name IN ('crm', 'ref') AND comment IS NOT NULL"
        )
    return {str(table): str(comment) for table, comment in rows}


def fingerprint(size: TelecomSize) -> str:
    """What the marker of this size holds."""
    return json.dumps({"generation": GENERATION, **asdict(size)}, sort_keys=True)


def _read(marker: Path) -> str | None:
    try:
        return marker.read_text()
    except FileNotFoundError:
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two demos of one project do not write its data at once; the second waits and finds it done."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
