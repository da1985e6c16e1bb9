"""Kills what pipelines run on, at random moments, and drives their runs to the end as a patient operator does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import MySQLdb
import psutil
import psycopg

from tests.e2e.chaos_pipelines import ChaosPipeline, day
from tests.e2e.scaled import Scaled
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer

PAUSES_S = (1.0, 5.0)
WORKER_TITLE = "airflow worker -- LocalExecutor"


@dataclass
class Killer:
    """Every kill is a SIGKILL, but for sessions, which the database is asked to end."""

    scaled: Scaled
    postgres: PostgresServer
    mariadb: MariaDBServer
    chance: random.Random
    kills: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _due: float = 0.0

    def act_when_due(self) -> None:
        """Kill one thing, if its moment has come."""
        now = time.monotonic() - self._began
        if now < self._due:
            return
        airflow = self.scaled.airflow
        self._due = now + self.chance.uniform(*PAUSES_S)
        ways: Mapping[str, tuple[int, Callable[[], object]]] = {
            "task": (6, self._kill_task),
            "worker": (3, self._kill_worker),
            "scheduler": (1, lambda: airflow.kill("scheduler", with_children=False)),
            "scheduler and its workers": (1, lambda: airflow.kill("scheduler")),
            "API server": (1, lambda: airflow.kill("api-server")),
            "triggerer": (1, lambda: airflow.kill("triggerer")),
            "Dag processor": (1, lambda: airflow.kill("dag-processor")),
            "PostgreSQL's sessions": (2, self._end_postgres_sessions),
            "MariaDB's sessions": (2, self._end_mariadb_sessions),
            "PostgreSQL": (1, self.postgres.kill_and_restart),
            "MariaDB": (1, self.mariadb.kill_and_restart),
        }
        name = self.chance.choices(list(ways), [weight for weight, _ in ways.values()])[0]
        if ways[name][1]() is not False:
            self.kills.append(f"{now:.1f} s: {name}")

    def mend(self) -> None:
        """Components run again, and workers without a scheduler that have nothing to do are gone."""
        self.scaled.airflow.revive()
        scheduler = self.scaled.airflow.component("scheduler").pid
        for one in self._workers(busy=False):
            with suppress(psutil.Error):
                if one.ppid() != scheduler:
                    one.kill()

    # ------------------------------------------------------------ ways to kill

    def _workers(self, *, busy: bool) -> list[psutil.Process]:
        found = []
        for one in self.scaled.airflow.processes():
            with suppress(psutil.Error):
                title = " ".join(one.cmdline())
                if title.startswith(WORKER_TITLE) and ("<idle>" not in title) == busy:
                    found.append(one)
        return found

    def _kill_task(self) -> bool:
        """The process that runs the stage; its supervisor sees it die."""
        children = [child for worker in self._workers(busy=True) for child in _children(worker)]
        return self._kill_one(children)

    def _kill_worker(self) -> bool:
        """The supervisor: its task goes on for a while without anybody."""
        return self._kill_one(self._workers(busy=True))

    def _kill_one(self, found: list[psutil.Process]) -> bool:
        if not found:
            return False
        with suppress(psutil.NoSuchProcess):
            self.chance.choice(sorted(found, key=lambda one: one.pid)).kill()
        return True

    def _end_postgres_sessions(self) -> None:
        ours = "application_name LIKE 'dataflow %'"
        with suppress(psycopg.Error):
            self.postgres.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")

    def _end_mariadb_sessions(self) -> None:
        others = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'dataflow'"
        with suppress(MySQLdb.Error):
            for (number,) in self.mariadb.query(others):
                with suppress(MySQLdb.Error):
                    self.mariadb.query(f"KILL {number}")


def _children(process: psutil.Process) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        found = process.children()
    return found


# ---------------------------------------------------------------- runs


@dataclass
class Journey:
    """One pipeline's runs, one after the other."""

    pipeline: ChaosPipeline
    runs: int
    done: int = 0
    again: int = 0

    @property
    def run_id(self) -> str:
        return f"chaos_{self.done + 1}"

    @property
    def is_over(self) -> bool:
        return self.done == self.runs


@dataclass
class Driver:
    """Starts each run, and starts it again when it has failed; a server that does not answer is asked later."""

    scaled: Scaled
    journeys: list[Journey]

    def step(self) -> bool:
        """Look at all runs once; return whether all are done."""
        rows = self.scaled.metadata.query("SELECT dag_id, run_id, state FROM dag_run WHERE dag_id LIKE 'chaos%'")
        states = {(str(row[0]), str(row[1])): str(row[2]) for row in rows}
        for journey in self.journeys:
            if not journey.is_over:
                with suppress(httpx.TransportError):
                    self._go_on(journey, states.get((journey.pipeline.id, journey.run_id)))
        return all(journey.is_over for journey in self.journeys)

    def _go_on(self, journey: Journey, state: str | None) -> None:
        if state is None:
            self._trigger(journey)
        elif state == "success":
            journey.done += 1
        elif state == "failed":
            journey.again += 1
            self._run_again(journey)

    def _trigger(self, journey: Journey) -> None:
        n = journey.done + 1
        body: dict[str, Any] = {
            "dag_run_id": journey.run_id, "logical_date": f"{day(n + 1)}T00:00:00Z", "conf": {"n": n},
            "data_interval_start": f"{day(n)}T00:00:00Z", "data_interval_end": f"{day(n + 1)}T00:00:00Z",
        }  # fmt: skip
        self._accept(
            self.scaled.product.airflow_api().post(f"/dags/{journey.pipeline.id}/dagRuns", json=body), 200, 409
        )

    def _run_again(self, journey: Journey) -> None:
        """From the checkpoint where there is one, else the whole run."""
        place = f"{journey.pipeline.id}/{journey.run_id}"
        answer = self.scaled.product.client("operator").post(f"/runs/{place}/resume", json={})
        self._accept(answer, 200, 409)
        if answer.status_code == 409:
            path = f"/dags/{journey.pipeline.id}/dagRuns/{journey.run_id}/clear"
            self._accept(self.scaled.product.airflow_api().post(path, json={"dry_run": False}), 200)

    def _accept(self, answer: httpx.Response, *statuses: int) -> None:
        """A server that has just come back may fail for a moment; a refusal is a fault of the test."""
        assert answer.status_code in statuses or answer.status_code >= 500, answer.text

    def stuck(self) -> str:
        """Return which runs are not done, with the states of their tasks."""
        told = []
        for journey in self.journeys:
            if not journey.is_over:
                tasks = self.scaled.metadata.query(
                    "SELECT task_id, state, try_number FROM task_instance "
                    f"WHERE dag_id = '{journey.pipeline.id}' AND run_id = '{journey.run_id}'"
                )
                told.append(f"{journey.pipeline} {journey.run_id}: {tasks}")
        return "\n".join(told)
