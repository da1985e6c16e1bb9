"""Rows between connections beside what is written by hand: rounds interleaved, the best of each, ratios in one run.

ADBC's driver is no dependency of the product; its figure is there where somebody has installed it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.transfer.handover import Handed, Source, hand_over
from tests.benchmarks.figures import record
from tests.engines.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("engine-postgres")
SIZES = [pytest.param(2_000, marks=pytest.mark.smoke), pytest.param(1_000_000, marks=pytest.mark.benchmark)]
ROUNDS = 3
CALLS = """CREATE TABLE calls AS SELECT i::bigint AS id, (i % 1000)::int AS cell, (i * 1.37)::numeric(18,4) AS amount,
    'name ' || i AS name, md5(i::text) AS hash, timestamp '2026-01-01' + i * interval '1.234567 s' AS started,
    timestamptz '2026-01-01 00:00+00' + i * interval '1 s' AS billed, date '2020-01-01' + (i % 2000)::int AS day,
    CASE WHEN i % 7 > 0 THEN i / 3.0::float8 END AS ratio, i % 2 = 0 AS roaming FROM generate_series(1, {rows}) AS i"""
HOOK = "airflow.providers.postgres.hooks.postgres:PostgresHook"


@dataclass(frozen=True)
class Place:
    """Where the rows are, and where they go to."""

    source: PostgresServer
    target: PostgresServer
    folder: Path
    rows: int

    def open(self, spec: ConnectionSpec) -> Any:
        return get_connector(spec.conn_type).open(spec, SessionOptions(Holder("bench", "t"), file_roots=(self.folder,)))

    def hand_over(self, session: SqlSession, *, same_engine: bool) -> Handed:
        dialect, reopen = get_dialect("postgres"), lambda: self.open(self.source.spec)
        return hand_over(Source(session, reopen, dialect, "calls", same_engine), self.arrow)

    @property
    def duckdb(self) -> ConnectionSpec:
        return ConnectionSpec("bench_duckdb", "duckdb", str(self.folder / "ours.duckdb"))

    @property
    def arrow(self) -> Path:
        return self.folder / "rows.arrow"

    @property
    def parquet(self) -> Path:
        return self.folder / "rows.parquet"


@pytest.fixture
def place(request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    names = ("bench_source", "bench_target")
    for name in names:
        postgres_server.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        postgres_server.query(f"CREATE DATABASE {name}")
    source, target = (postgres_server.with_schema(name) for name in names)
    found = Place(source, target, tmp_path, request.param)
    found.source.query(CALLS.format(rows=found.rows))
    yield found
    for name in names:
        postgres_server.query(f"DROP DATABASE {name} WITH (FORCE)")


def measure(place: Place, name: str, ways: Mapping[str, Callable[[Place], None]], rounds: int) -> dict[str, float]:
    """Return the best seconds of each way; every way leaves all rows, or the benchmark fails by itself."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            started = time.perf_counter()
            run(place)
            seconds[way].append(time.perf_counter() - started)
    best = {way: min(found) for way, found in seconds.items()}
    record(name, {"rows": place.rows, **{way: round(place.rows / best[way]) for way in best}})
    return best


def rounds_of(place: Place) -> int:
    return ROUNDS if place.rows > 10_000 else 1


# ---------------------------------------------------------------- PostgreSQL to PostgreSQL


def relay_ours(place: Place) -> None:
    with place.open(place.source.spec) as source, place.open(place.target.spec) as target:
        rows = place.hand_over(source, same_engine=True)
        rows.put(target, "calls")


def relay_by_hand(place: Place) -> None:
    with place.source.connect() as source, place.target.connect() as target:
        target.execute("DROP TABLE IF EXISTS calls")
        columns = source.execute(
            "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attnum) "
            "FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attnum > 0"
        ).fetchone()
        assert columns is not None
        target.execute(f"CREATE TABLE calls ({columns[0]})".encode())
        out, into = "COPY (SELECT * FROM calls) TO STDOUT (FORMAT binary)", "COPY calls FROM STDIN (FORMAT binary)"
        with source.cursor().copy(out) as read, target.cursor().copy(into) as written:
            for row in read:
                written.write(row)


def generic_transfer(place: Place) -> None:
    """What Airflow's GenericTransfer does without pages: all records in memory, then `insert_rows`."""
    source = build_hook(HOOK, place.source.spec, package="postgres", extra={}).get_records("SELECT * FROM calls")
    place.target.query("TRUNCATE calls")
    build_hook(HOOK, place.target.spec, package="postgres", extra={}).insert_rows("calls", source)


@pytest.mark.parametrize("place", SIZES, indirect=True)
def test_postgres_to_postgres(place: Place) -> None:
    relay_ours(place)  # Imports and the first connection are not what is measured.
    best = measure(place, "transfer_pg_pg", {"ours": relay_ours, "copy_relay": relay_by_hand}, rounds_of(place))
    assert place.target.query("SELECT count(*) FROM calls") == [(place.rows,)]
    if place.rows > 10_000:
        assert best["copy_relay"] / best["ours"] >= 0.8


@pytest.mark.parametrize(
    "place",
    [pytest.param(500, marks=pytest.mark.smoke), pytest.param(100_000, marks=pytest.mark.benchmark)],
    indirect=True,
)
def test_postgres_to_postgres_beside_generic_transfer(place: Place) -> None:
    relay_ours(place)
    best = measure(place, "transfer_pg_pg_generic", {"ours": relay_ours, "generic": generic_transfer}, 1)
    assert place.target.query("SELECT count(*) FROM calls") == [(place.rows,)]
    if place.rows > 10_000:
        assert best["generic"] / best["ours"] >= 8


# ---------------------------------------------------------------- PostgreSQL to DuckDB


def duckdb_ours(place: Place) -> None:
    with place.open(place.source.spec) as source:
        rows = place.hand_over(source, same_engine=False)
    with place.open(place.duckdb) as target:
        rows.put(target, '"calls"')


def duckdb_by_adbc(place: Place) -> None:
    """Takes numeric columns for texts, which is why the product does not go this way."""
    spec = place.source.spec
    uri = f"postgresql://{spec.login}:{spec.password}@{spec.host}:{spec.port}/{spec.schema}"
    connect = importlib.import_module("adbc_driver_postgresql.dbapi").connect
    with duckdb.connect(str(place.folder / "adbc.duckdb")) as target, connect(uri) as source, source.cursor() as cursor:
        cursor.execute("SELECT * FROM calls")
        target.register("incoming", cursor.fetch_record_batch())
        target.execute("CREATE OR REPLACE TABLE calls AS SELECT * FROM incoming")


def duckdb_by_cursor(place: Place) -> None:
    with place.source.connect() as source, duckdb.connect(str(place.folder / "rows.duckdb")) as target:
        cursor = source.cursor()
        cursor.execute("SELECT * FROM calls")
        names = [column.name for column in cursor.description or ()]
        incoming = pyarrow.table(dict(zip(names, map(list, zip(*cursor.fetchall(), strict=True)), strict=True)))
        target.register("incoming", incoming)
        target.execute("CREATE OR REPLACE TABLE calls AS SELECT * FROM incoming")


@pytest.mark.parametrize("place", SIZES, indirect=True)
def test_postgres_to_duckdb(place: Place) -> None:
    duckdb_ours(place)
    ways = {"ours": duckdb_ours, "fetchall_pyarrow": duckdb_by_cursor}
    if importlib.util.find_spec("adbc_driver_postgresql"):
        ways["adbc"] = duckdb_by_adbc
    best = measure(place, "transfer_pg_duckdb", ways, rounds_of(place))
    with place.open(place.duckdb) as target:
        amount = target.fetch_rows("SELECT count(*), sum(amount)::VARCHAR, typeof(any_value(amount)) FROM calls")[1]
    assert amount == [(*place.source.query("SELECT count(*), sum(amount)::text FROM calls")[0], "DECIMAL(18,4)")]
    if place.rows > 10_000:
        assert best["fetchall_pyarrow"] / best["ours"] >= 1.5
        if "adbc" in best:
            assert best["adbc"] / best["ours"] >= 0.9


# ---------------------------------------------------------------- Parquet


def to_parquet_ours(place: Place) -> None:
    place.parquet.unlink(missing_ok=True)
    duckdb_ours(place)
    with place.open(place.duckdb) as session:
        session.execute(f"COPY calls TO '{place.parquet}' (FORMAT parquet)")


def to_parquet_by_hand(place: Place) -> None:
    with place.source.connect() as source:
        source.execute("SET TimeZone = 'UTC'")
        read = source.cursor().copy("COPY calls TO STDOUT (FORMAT csv, HEADER)")
        with read as rows:
            text = b"".join(bytes(row) for row in rows)
    types = {"amount": pyarrow.decimal128(18, 4), "billed": pyarrow.timestamp("us", "UTC"), "name": pyarrow.string()}
    options = pyarrow.csv.ConvertOptions(column_types=types, true_values=["t"], false_values=["f"])
    rows = pyarrow.csv.read_csv(pyarrow.BufferReader(text), convert_options=options)
    pyarrow.parquet.write_table(rows, place.folder / "by_hand.parquet")


def from_parquet_ours(place: Place) -> None:
    with place.open(place.duckdb) as session:
        session.export_rows(f"SELECT * FROM read_parquet('{place.parquet}')", place.arrow)
    with place.open(place.target.spec) as session:
        session.import_rows("calls", place.arrow)


def from_parquet_by_hand(place: Place) -> None:
    options = pyarrow.csv.WriteOptions(include_header=False)
    with place.target.connect() as target, pyarrow.parquet.ParquetFile(place.parquet) as file:
        target.execute("TRUNCATE calls")
        with target.cursor().copy("COPY calls FROM STDIN (FORMAT csv)") as copy:
            for batch in file.iter_batches():
                sink = pyarrow.BufferOutputStream()
                pyarrow.csv.write_csv(batch, sink, options)
                copy.write(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("place", SIZES, indirect=True)
def test_parquet(place: Place) -> None:
    to_parquet_ours(place)
    from_parquet_ours(place)
    ways = {"ours": to_parquet_ours, "pyarrow_copy": to_parquet_by_hand}
    measure(place, "transfer_pg_parquet", ways, rounds_of(place))
    ways = {"ours": from_parquet_ours, "pyarrow_copy": from_parquet_by_hand}
    measure(place, "transfer_parquet_pg", ways, rounds_of(place))
    found = "SELECT count(*), sum(amount), max(started), count(ratio) FROM calls"
    assert place.target.query(found) == place.source.query(found)
    assert pyarrow.parquet.read_metadata(place.parquet).num_rows == place.rows


# ---------------------------------------------------------------- memory


CHILD = """
import json, sys, threading, time
from pathlib import Path
from tests.benchmarks import test_transfer as bench
from tests.engines.postgres import PostgresServer
from dataflow_provider.connectors.connections import ConnectionSpec

def anonymous_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

port, way, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
spec = lambda name: ConnectionSpec(name, "postgres", "127.0.0.1", port, name, "postgres", sys.argv[4])
place = bench.Place(PostgresServer(spec("bench_source")), PostgresServer(spec("bench_target")), folder, 0)
with place.open(place.source.spec) as session:
    session.fetch_number("SELECT 1")
before, peak, done = anonymous_mb(), 0.0, threading.Event()

def watch():
    global peak
    while not done.wait(0.02):
        peak = max(peak, anonymous_mb())

watching = threading.Thread(target=watch)
watching.start()
getattr(bench, way)(place)
done.set()
watching.join()
print(json.dumps(max(peak - before, 0.0)))
"""


def by_file(place: Place) -> None:
    """Out of PostgreSQL into a file and from it into PostgreSQL again."""
    with place.open(place.source.spec) as source:
        rows = place.hand_over(source, same_engine=False)
    with place.open(place.target.spec) as target:
        rows.put(target, "calls")


def peak_mb(place: Place, way: str) -> float:
    """Return what a process takes for a way above what it had taken when its session was open."""
    spec = place.source.spec
    command = [sys.executable, "-c", CHILD, str(spec.port), way, str(place.folder), str(spec.password)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("place", SIZES, indirect=True)
def test_memory_does_not_grow_with_the_rows(place: Place) -> None:
    ways = ("relay_ours", "by_file")
    once = {way: peak_mb(place, way) for way in ways}
    five = "INSERT INTO calls SELECT c.* FROM calls AS c, generate_series(1, 4)"
    place.source.query(five)
    more = {way: peak_mb(place, way) for way in ways}
    assert place.target.query("SELECT count(*) FROM calls") == [(5 * place.rows,)]
    figures = {f"{way}_mb": round(once[way], 1) for way in ways} | {f"{way}_5_mb": round(more[way], 1) for way in ways}
    record("transfer_memory", {"rows": place.rows, **figures})
    for way in ways:
        assert more[way] <= 250, way
        if place.rows > 10_000:
            assert more[way] - once[way] <= 25, way  # A tenth of what is allowed; of so little, a tenth is noise.
