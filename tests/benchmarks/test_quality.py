"""Twenty quality rules on one table: ours beside one scan by hand and Airflow's SQLColumnCheckOperator.

The operator sends one statement for all its checks, in which each of the twenty has a SELECT of its own over the
table: twenty scans; an operator a rule would read as often, and log in twenty times. Rounds are interleaved, and the
median of each way counts: of the CPU seconds of this process, and of the server with all its sessions. The promise: at
most 1.3 times the scan by hand. A column store reads for each of those scans the one column that it needs, so twenty of
them cost little more than one over all; a store of rows reads all of each row.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec, EnvironmentConnections
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.execution.judging import Judging, judging_plan
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.project import Project
from tests.benchmarks.figures import record
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer
from tests.engines.processes import Server

MOST_OF_BY_HAND = 1.3
COLUMNS = [f"c{number}" for number in range(10)]
SIZES = [pytest.param(3_000, 1, marks=pytest.mark.smoke), pytest.param(5_000_000, 3, marks=pytest.mark.benchmark)]
ENGINES = [
    pytest.param("duckdb", 1.0),
    pytest.param("sqlite", 2.0),
    pytest.param("postgres", 4.0, marks=pytest.mark.xdist_group("engine-postgres")),
    pytest.param("mysql", 2.0, marks=pytest.mark.xdist_group("engine-mysql")),
]
"""With how many times faster than the operator we must be at least."""


def by_hand() -> str:
    counts = [
        f"SUM(CASE WHEN {name} IS NULL THEN 1 ELSE 0 END), SUM(CASE WHEN {name} < 0 THEN 1 ELSE 0 END)"
        for name in COLUMNS
    ]
    return f"SELECT COUNT(*), {', '.join(counts)} FROM facts"


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for name in COLUMNS
        for rule in ({"column": name, "check": "not_null"}, {"column": name, "check": "range", "min": 0})
    ]


def judging(spec: ConnectionSpec, folder: Path) -> Judging:
    document = {
        "apiVersion": "dataflow/v1",
        "kind": "Pipeline",
        "id": "bench",
        "nodes": {
            "rows": {"type": f"source.{spec.conn_type}", "table": "facts", "connection": "dwh"},
            "rules": {"type": "quality.column_rules", "from": "rows", "rules": rules()},
        },
    }
    pipeline = parse_pipeline(json.dumps(document), "bench.yaml").require()
    told = {name: getattr(spec, name) for name in ("conn_type", "host", "port", "schema", "login", "password")}
    connections = EnvironmentConnections(folder / "none", environment={"AIRFLOW_CONN_DWH": json.dumps(told)})
    project = Project(folder, "w", (folder,), folder / "none")
    return Judging(judging_plan(pipeline, "rules"), RunValues("manual__bench"), connections, project)


@dataclass(frozen=True)
class Warehouse:
    """Where the rows lie, and its server; a statement logs in as the product's stages do, whoever sends it."""

    spec: ConnectionSpec
    numbers: str
    server: Server | None = None

    @contextmanager
    def session(self) -> Iterator[SqlSession]:
        options = SessionOptions(Holder("bench", "t"), file_roots=(Path(self.spec.host or "").parent,))
        with get_connector(self.spec.conn_type).open(self.spec, options) as session:
            yield session

    def fill(self, rows: int) -> None:
        values = ", ".join(f"CAST((i * {n + 3}) % 1000 AS {self._integer}) AS {name}" for n, name in enumerate(COLUMNS))
        with self.session() as session, session.transaction():
            session.execute(f"CREATE TABLE facts AS SELECT {values} FROM {self.numbers.format(last=rows - 1)}")

    @property
    def _integer(self) -> str:
        return "SIGNED" if self.spec.conn_type == "mysql" else "INTEGER"

    def get_records(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows, as Airflow's hooks do."""
        with self.session() as session:
            return session.fetch_rows(sql)[1]

    def cpu_seconds(self) -> float:
        """Return the CPU that this process and the server with its sessions, ended ones too, have taken so far."""
        mine = time.process_time()
        if self.server is None:
            return mine
        first = psutil.Process(self.server.process.pid)
        while True:
            with suppress(psutil.NoSuchProcess):  # a session, or a worker of one, that has just ended
                return mine + sum(sum(one.cpu_times()[:4]) for one in (first, *first.children(recursive=True)))


@pytest.fixture
def warehouse(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """A database of its own."""
    if engine == "duckdb":
        yield Warehouse(ConnectionSpec("dwh", engine, host=str(tmp_path / "w.duckdb")), "range({last} + 1) AS r(i)")
    elif engine == "sqlite":
        counted = "WITH RECURSIVE r(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM r WHERE i < {last}) SELECT i FROM r"
        yield Warehouse(ConnectionSpec("dwh", engine, host=str(tmp_path / "w.sqlite")), f"({counted}) AS r")
    else:
        server: PostgresServer | MariaDBServer = request.getfixturevalue(
            "postgres_server" if engine == "postgres" else "mariadb_server"
        )
        numbers = {
            "postgres": "generate_series(0, {last}) AS r(i)",
            "mysql": "(SELECT seq AS i FROM seq_0_to_{last}) AS r",
        }
        server.query("CREATE DATABASE bench_quality")
        try:
            yield Warehouse(replace(server.spec, conn_id="dwh", schema="bench_quality"), numbers[engine], server.server)
        finally:
            server.query("DROP DATABASE bench_quality" + (" WITH (FORCE)" if engine == "postgres" else ""))


def column_check(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    checks = {"null_check": {"equal_to": 0}, "min": {"geq_to": 0}}
    operator = SQLColumnCheckOperator(
        task_id="check", table="facts", conn_id="dwh", column_mapping=dict.fromkeys(COLUMNS, checks)
    )
    monkeypatch.setattr(operator, "get_db_hook", lambda: warehouse)
    return lambda: operator.execute({})


@pytest.mark.parametrize(("rows", "rounds"), SIZES)
@pytest.mark.parametrize(("engine", "least"), ENGINES)
def test_twenty_rules_cost_little_more_than_one_scan(
    warehouse: Warehouse, least: float, rows: int, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.fill(rows)

    def scan() -> None:
        assert warehouse.get_records(by_hand())[0][0] == rows

    def ours() -> None:
        found = judging(warehouse.spec, tmp_path).run()
        assert (found.state, len(found.quality)) == ("success", 20)

    ways: dict[str, Callable[[], Any]] = {
        "ours": ours,
        "by hand": scan,
        "a scan a check": column_check(warehouse, monkeypatch),
    }
    for run in ways.values():
        run()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            cpu, clock = warehouse.cpu_seconds(), time.perf_counter()
            run()
            taken[name].append((warehouse.cpu_seconds() - cpu, time.perf_counter() - clock))
    medians = {name: statistics.median(cpu for cpu, _ in pairs) for name, pairs in taken.items()}
    elapsed = {f"{name}, elapsed": statistics.median(clock for _, clock in pairs) for name, pairs in taken.items()}
    figures = {name: round(seconds, 4) for name, seconds in (medians | elapsed).items()}
    record("quality", {"engine": warehouse.spec.conn_type, "rows": rows, **figures})
    if rounds > 1:
        assert medians["ours"] <= MOST_OF_BY_HAND * medians["by hand"]
        assert medians["a scan a check"] >= least * medians["ours"]
