"""Rows into MariaDB by LOAD DATA LOCAL beside the INSERTs that a connection without `local_infile` gets."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.impl.mysql import MySqlConnector
from dataflow_provider.connectors.lock import Holder
from tests.benchmarks.figures import record
from tests.engines.mariadb import MariaDBServer

pytestmark = pytest.mark.xdist_group("engine-mysql")
SIZES = [pytest.param(2_000, marks=pytest.mark.smoke), pytest.param(200_000, marks=pytest.mark.benchmark)]
ROUNDS = 3
FOUND = "SELECT count(*), sum(id), sum(amount), max(started), count(ratio) FROM test.`calls`"


@pytest.mark.parametrize("rows", SIZES)
def test_load_data_beside_inserts(mariadb_server: MariaDBServer, tmp_path: Path, rows: int) -> None:
    mariadb_server.query("SET GLOBAL local_infile = ON")
    path = calls(tmp_path / "rows.arrow", rows)
    ways = {"load_data": True, "inserts": False}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    found = []
    for _ in range(ROUNDS if rows > 10_000 else 1):
        for way, allowed in ways.items():
            loads = commands(mariadb_server)
            spec = replace(mariadb_server.spec, extra={"local_infile": allowed})
            with MySqlConnector().open(spec, SessionOptions(Holder("bench", "t"))) as session:
                started = time.perf_counter()
                session.import_rows("test.`calls`", path)
                seconds[way].append(time.perf_counter() - started)
            assert (commands(mariadb_server) > loads) is allowed
            found.append(mariadb_server.query(FOUND))
    assert found[0][0][0] == rows
    assert found.count(found[0]) == len(found)
    best = {way: min(taken) for way, taken in seconds.items()}
    figures = {way: round(rows / best[way]) for way in ways} | {"ratio": round(best["inserts"] / best["load_data"], 2)}
    record("mysql_load", {"rows": rows, **figures})


def commands(server: MariaDBServer) -> int:
    return int(server.query("SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])


def calls(path: Path, rows: int) -> Path:
    """Write an Arrow stream file of ten mixed columns."""
    numbers, start = range(rows), datetime(2026, 1, 1)
    columns = {
        "id": pyarrow.array(numbers, pyarrow.int64()),
        "cell": pyarrow.array([one % 1000 for one in numbers], pyarrow.int32()),
        "amount": pyarrow.array([Decimal(one * 137) / 100 for one in numbers], pyarrow.decimal128(18, 4)),
        "name": [f"name {one}" for one in numbers],
        "hash": [f"{one * 2654435761 % 2**64:032x}" for one in numbers],
        "started": [start + timedelta(seconds=one * 1.234567) for one in numbers],
        "billed": [start.replace(tzinfo=UTC) + timedelta(seconds=one) for one in numbers],
        "day": [date(2020, 1, 1) + timedelta(days=one % 2000) for one in numbers],
        "ratio": [one / 3 if one % 7 else None for one in numbers],
        "roaming": [one % 2 == 0 for one in numbers],
    }
    table = pyarrow.table(columns)
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=10_000)
    return path
