"""A warehouse, and what a task is told of its run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

MakeContext = Callable[..., dict[str, Any]]
Query = Callable[[str], list[tuple[Any, ...]]]


class TaskNotes:
    """The part of a task instance that operators use: number, XCom, and `others`, the results of other tasks."""

    def __init__(self) -> None:
        self.try_number = 1
        self.xcom: dict[str, Any] = {}
        self.others: dict[str, Any] = {}

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        return self.others.get(task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcom[key] = value


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose warehouse is connection `dwh` too."""
    (tmp_path / "yaml_pipelines" / "telecom").mkdir(parents=True)
    warehouse = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("AIRFLOW__DATAFLOW__PIPELINES_FOLDER", str(tmp_path / "yaml_pipelines"))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(warehouse))
    monkeypatch.setenv("AIRFLOW_CONN_DWH", f'{{"conn_type": "duckdb", "host": "{warehouse}"}}')
    with duckdb.connect(str(warehouse)) as database:
        database.execute("CREATE TABLE calls AS SELECT range AS id, range * 10 AS seconds FROM range(6)")
    return tmp_path


@pytest.fixture
def query(project: Path) -> Query:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(project / "warehouse.duckdb"), read_only=True) as database:
            return database.execute(sql).fetchall()

    return run


@pytest.fixture
def make_context() -> MakeContext:
    """Return a task context of a run: a scheduled one of the first of November unless told otherwise."""

    def make(params: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
        told = {
            "run_id": "scheduled__2026-11-02T00:00:00+00:00",
            "run_type": "scheduled",
            "clear_number": 0,
            "run_after": datetime(2026, 11, 2, tzinfo=UTC),
            "data_interval_start": datetime(2026, 11, 1, tzinfo=UTC),
            "data_interval_end": datetime(2026, 11, 2, tzinfo=UTC),
        }
        return {"dag_run": SimpleNamespace(**{**told, **run}), "params": params or {}, "ti": TaskNotes()}

    return make
