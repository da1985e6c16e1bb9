"""Waiting for a job without a worker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from airflow.serialization.serialized_objects import BaseSerialization

from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.triggers.sql_job import LOST_CONTACTS, SqlJobTrigger
from tests.unit.operators.job_engine import Database, Job, use_jobs


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AIRFLOW__DATAFLOW__PIPELINES_FOLDER", str(tmp_path / "yaml_pipelines"))
    monkeypatch.setenv("AIRFLOW_CONN_DWH", f'{{"conn_type": "duckdb", "host": "{tmp_path / "w.duckdb"}"}}')
    database = use_jobs(monkeypatch)
    database.jobs["j"] = Job("CREATE TABLE t AS SELECT 1 AS n", looks=3)
    return database


def trigger() -> SqlJobTrigger:
    return SqlJobTrigger(conn_id="dwh", job_id="j", poll_interval=0)


def events(waiting: SqlJobTrigger) -> list[Any]:
    async def collect() -> list[Any]:
        return [event.payload async for event in waiting.run()]

    return asyncio.run(collect())


def test_trigger_fires_once_when_the_job_has_ended(database: Database) -> None:
    assert events(trigger()) == [{"job_id": "j", "status": "succeeded", "message": None}]


def test_trigger_tells_that_a_job_has_failed(database: Database) -> None:
    database.jobs["j"].state = JobState("failed", "no such table")
    assert events(trigger()) == [{"job_id": "j", "status": "failed", "message": "no such table"}]


def test_trigger_asks_again_when_contact_is_lost(database: Database) -> None:
    database.unreachable = LOST_CONTACTS - 1
    assert events(trigger())[0]["status"] == "succeeded"


def test_trigger_leaves_it_to_the_task_when_contact_stays_lost(database: Database) -> None:
    database.unreachable = LOST_CONTACTS
    (event,) = events(trigger())
    assert event["status"] == "unknown"
    assert "the line is dead" in event["message"]


def test_trigger_cancels_the_job_when_a_person_ends_the_task(database: Database) -> None:
    asyncio.run(trigger().on_kill())
    assert database.cancelled == ["j"]


def test_trigger_that_stops_leaves_the_job_alone(database: Database) -> None:
    async def stop() -> None:
        waiting = trigger()
        run = waiting.run()
        task = asyncio.ensure_future(anext(run))
        await asyncio.sleep(0)
        task.cancel()
        await waiting.cleanup()

    asyncio.run(stop())
    assert database.cancelled == []
    assert database.jobs["j"].state.status == "running"


def test_trigger_is_made_again_from_its_serialized_form() -> None:
    path, arguments = SqlJobTrigger(conn_id="dwh", job_id="j", poll_interval=7).serialize()
    assert path == f"{SqlJobTrigger.__module__}.SqlJobTrigger"
    stored = BaseSerialization.deserialize(BaseSerialization.serialize(arguments))
    assert SqlJobTrigger(**stored).serialize() == (path, arguments)
