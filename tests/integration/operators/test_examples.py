"""The examples that need a database server, run by `dag.test()`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from tests.engines.live import ENGINES, LiveEngine
from tests.integration.operators.test_pushdown_engines import connection_text
from tests.unit.conftest import SyncDags

RunExample = Callable[[str], str]


@pytest.fixture
def run_example(repo_root: Path, sync_dags: SyncDags, project: Path) -> RunExample:
    """Return a function that runs an example and gives the state of its run."""
    bag = DagBag(dag_folder=str(repo_root / "dags" / "examples"), load_op_links=False)
    assert bag.import_errors == {}

    def run(dag_id: str) -> str:
        dag = bag.dags[dag_id]
        sync_dags(dag, fileloc=dag.fileloc)
        return str(dag.test().state)

    return run


@pytest.mark.xdist_group("engine-postgres")
def test_orders_go_from_sqlite_to_postgres(
    run_example: RunExample, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop.sqlite"
    with sqlite3.connect(shop) as database:
        database.execute("CREATE TABLE orders (order_id INTEGER, customer TEXT, amount_cents INTEGER, status TEXT)")
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            [(1, "ann", 500, "paid"), (2, "bob", 900, "open"), (3, "ann", 250, "paid"), (4, "çağla", 100, "paid")],
        )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", f'{{"conn_type": "sqlite", "host": "{shop}"}}')
    with ENGINES["postgres"](request, tmp_path) as (spec, schema):
        monkeypatch.setenv("AIRFLOW_CONN_REPORTS", connection_text(spec))
        assert run_example("example_orders_across_databases") == "success"
        assert run_example("example_orders_across_databases") == "success"
        assert table_of(LiveEngine("postgres", spec, schema), '"mart"."customers"') == [
            ("ann", 2, 750),
            ("çağla", 1, 100),
        ]


@pytest.mark.xdist_group("engine-snowflake")
def test_snowflake_computes_without_a_worker(
    run_example: RunExample, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ENGINES["snowflake"](request, tmp_path) as (spec, schema):
        live = LiveEngine("snowflake", spec, schema)
        with live.open() as session:
            session.execute('CREATE SCHEMA "CDR"')
            session.execute(
                'CREATE TABLE "CDR"."calls" AS SELECT \'48\' AS "msisdn", 60 AS "duration_s", '
                "CAST('2026-11-01 10:00:00' AS TIMESTAMP_NTZ) AS \"started_at\" UNION ALL "
                "SELECT '48', 30, CAST('2026-11-01 11:00:00' AS TIMESTAMP_NTZ)"
            )
        monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_DEFAULT", connection_text(spec))
        assert run_example("example_snowflake_without_a_worker") == "success"
        (row,) = table_of(live, '"MART"."usage_daily"')
        assert (row[0], int(row[2])) == ("48", 90)


def table_of(live: LiveEngine, name: str) -> list[tuple[Any, ...]]:
    with live.open(read_only=True) as session:
        _, rows = session.fetch_rows(f"SELECT * FROM {name}")
    return sorted(rows)
