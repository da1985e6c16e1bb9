"""An Airflow of the demo's own, as a context manager: prepared once, started, asked, and stopped without a trace.

The end-to-end tests use the same class, so what they prove holds for `dataflow demo`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.dag_factory.discovery import find_pipelines
from dataflow_provider.demo.environment import DemoFolders, airflow_environment
from dataflow_provider.demo.extra import write_extra_pipelines
from dataflow_provider.demo.home import DemoHome
from dataflow_provider.demo.landing import land_files, load_reference
from dataflow_provider.demo.ports import HOST, ReservedPort, choose_port
from dataflow_provider.demo.preload import write_local_settings
from dataflow_provider.demo.rest import AirflowRest, RestError, path_of
from dataflow_provider.demo.services import (
    Service,
    kill_instance,
    log_tail,
    require_alive,
    start_service,
    stop_services,
)
from dataflow_provider.demo.telecom import TelecomSize
from dataflow_provider.errors import TerminalError, TransientError
from dataflow_provider.execution.values import new_run_id
from dataflow_provider.security.seeding import load_passwords

COMPONENTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTH_NAMES = ("metadatabase", "scheduler", "dag_processor", "triggerer")
FINAL_STATES = ("success", "failed")
POLL_S = 0.25
ADMIN = "admin"


@dataclass(frozen=True)
class RunState:
    """How a run stands; `tasks` maps task id to state, None before it is queued."""

    dag_id: str
    run_id: str
    state: str
    tasks: Mapping[str, str | None]


class DemoAirflow:
    """Airflow in a folder: `with DemoAirflow(home, pipelines) as airflow: airflow.trigger("hello_world")`.

    Args:
        home: Folder for metadata, logs and passwords; reused when it exists, repaired when half made.
        pipelines_folder: A folder `yaml_pipelines`; sample data is made in `data`, the warehouse in `.dataflow`
            beside it.
        port: Port of the API server; the first free one from 8080 when omitted.
        size: How much sample data there is.
        extra_pipelines: How many copies of Hello World a second bundle holds, for scale tests.
        examples: Folder of hand-written Dags.
        settings: Further `AIRFLOW__…` variables.
    """

    def __init__(
        self,
        home: Path,
        pipelines_folder: Path,
        port: int | None = None,
        *,
        size: TelecomSize | None = None,
        extra_pipelines: int = 0,
        examples: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = DemoHome(home)
        self.folders = DemoFolders(
            pipelines_folder.absolute(), self.home.extra_pipelines if extra_pipelines else None, examples
        )
        self._wanted_port = port
        self._size = size or TelecomSize()
        self._extra = extra_pipelines
        self._settings = dict(settings or {})
        self._instance = uuid4().hex
        self._services: list[Service] = []
        self._clients: dict[str, AirflowRest] = {}
        self._port: ReservedPort | None = None

    # ------------------------------------------------------------ life

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def prepare(self) -> None:
        """Data, metadata, roles and users are there; what an earlier start completed is kept."""
        self.home.lock()
        self._clean_up_after_the_last_one()
        self._port = choose_port(self._wanted_port)
        for folder in ("dags", "plugins"):
            (self.home.root / folder).mkdir(exist_ok=True)
        write_local_settings(self.home.root)
        self._begin_bootstrap()
        self._make_data()
        write_extra_pipelines(self.home.extra_pipelines, self.folders.pipelines, self._extra)
        self._finish_bootstrap()

    def start(self, timeout_s: float = 180.0, on_wait: Callable[[list[str]], None] = lambda sick: None) -> None:
        """All four components run and are healthy; `on_wait` is told which ones are not yet.

        Raises:
            TerminalError: DF-DEMO-010 when one of them ended, DF-DEMO-011 when they were not healthy in time.
        """
        environment = self.environment
        for name, arguments in COMPONENTS.items():
            command = (sys.executable, "-m", "airflow", *arguments)
            self._start(name, command, environment)
        self._note_running()
        self._wait_healthy(timeout_s, on_wait)

    def stop(self) -> None:
        """No process of this Airflow is left, and another may start in the home."""
        stop_services(self._services, self._instance)
        self._services.clear()
        self._clients.clear()
        self.home.note_stopped()
        self.home.unlock()
        if self._port is not None:
            self._port.release()

    def check(self) -> None:
        """Raise when a component has ended by itself (DF-DEMO-010)."""
        require_alive(self._services)

    # ------------------------------------------------------------ facts

    @property
    def port(self) -> int:
        """The port of the API server; 0 before `prepare`."""
        return self._port.number if self._port else 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def logs(self) -> Path:
        """One file per component, and `tasks/` as Airflow lays it out."""
        return self.home.logs

    @property
    def environment(self) -> dict[str, str]:
        """What an `airflow` or `dataflow` command needs to speak to this installation."""
        return airflow_environment(
            self.home, self.folders, port=self.port, instance=self._instance, settings=self._settings
        )

    @property
    def passwords(self) -> dict[str, str]:
        """User name → password of the seeded users."""
        return load_passwords(self.home.passwords)

    def rest(self, user: str = ADMIN) -> AirflowRest:
        """A client that is logged in as the user."""
        if user not in self._clients:
            self._clients[user] = AirflowRest(self.url, user, self.passwords[user])
        return self._clients[user]

    # ------------------------------------------------------------ runs

    def wait_for_dag(self, dag_id: str, timeout_s: float = 300.0) -> None:
        """The Dag processor has taken the Dag in; behind hundreds of others that takes minutes.

        Raises:
            TerminalError: DF-DEMO-012 when it has not in time; an import error of the Dag's file stands in it.
        """

        def is_known() -> bool:
            try:
                self.rest().get(path_of("dags", dag_id))
            except RestError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                return False
            return True

        if not self._until(is_known, timeout_s):
            raise TerminalError(
                "DF-DEMO-012",
                f"The Dag `{dag_id}` did not appear within {timeout_s:.0f} s. {self._import_errors(dag_id)}",
                hint=f"The Dag processor's log is in {self.logs / 'dag-processor.log'}",
            )

    def unpause(self, dag_id: str) -> bool:
        """The Dag's runs are started from now on; returns False when Airflow does not know the Dag (yet)."""
        try:
            self.rest().patch(path_of("dags", dag_id), {"is_paused": False})
        except RestError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def unpause_all(self, timeout_s: float = 30.0) -> tuple[str, ...]:
        """The same for every file of the pipelines folder; returns those whose Dag did not appear in time.

        Extra copies and examples stay as they are.
        """
        waiting = sorted(file.pipeline_id for file in find_pipelines(self.folders.pipelines))

        def are_known() -> bool:
            waiting[:] = [dag_id for dag_id in waiting if not self.unpause(dag_id)]
            return not waiting

        self._until(are_known, timeout_s)
        return tuple(waiting)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Return the id of a new run; the Dag is waited for and unpaused first."""
        self.wait_for_dag(dag_id)
        self.unpause(dag_id)
        run_id = new_run_id(datetime.now(UTC))
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        try:
            self.rest().post(path_of("dags", dag_id, "dagRuns"), body, is_repeatable=True)
        except RestError as error:
            # The id is ours alone, so a try before this one has made the run, whatever it was answered.
            if error.status != HTTPStatus.CONFLICT:
                raise
        return run_id

    def run_state(self, dag_id: str, run_id: str) -> RunState:
        """Return how the run and its tasks stand now."""
        run = self.rest().get(path_of("dags", dag_id, "dagRuns", run_id))
        tasks = self.rest().get(path_of("dags", dag_id, "dagRuns", run_id, "taskInstances"))
        states = {str(task["task_id"]): task["state"] for task in tasks["task_instances"]}
        return RunState(dag_id, run_id, str(run["state"]), states)

    def wait(
        self,
        dag_id: str,
        run_id: str,
        timeout_s: float = 120.0,
        on_state: Callable[[RunState], None] = lambda state: None,
    ) -> RunState:
        """Follow the run to its end, whatever that is; `on_state` is told at every look.

        Raises:
            TerminalError: DF-DEMO-013 when it has not ended in time.
        """
        state = self.run_state(dag_id, run_id)

        def is_over() -> bool:
            nonlocal state
            state = self.run_state(dag_id, run_id)
            on_state(state)
            return state.state in FINAL_STATES

        if not self._until(is_over, timeout_s):
            raise TerminalError(
                "DF-DEMO-013",
                f"The run `{run_id}` of `{dag_id}` is still `{state.state}` after {timeout_s:.0f} s.",
                hint=f"The scheduler's log is in {self.logs / 'scheduler.log'}",
            )
        return state

    def task_log_tail(self, state: RunState) -> str:
        """The last lines of the logs of the run's failed tasks."""
        folder = self.logs / "tasks" / f"dag_id={state.dag_id}" / f"run_id={state.run_id}"
        failed = [task for task, task_state in state.tasks.items() if task_state == "failed"]
        tails = []
        for task in failed:
            attempts = sorted((folder / f"task_id={task}").glob("attempt=*.log"))
            tails += [f"  task {task}:\n{log_tail(attempts[-1])}" if attempts else f"  task {task}: no log"]
        return "\n".join(tails)

    def query(self, sql: str, limit: int = 20) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Column names and rows from the warehouse; waits in line like everybody else."""
        options = SessionOptions(Holder("demo", "look at the result"), read_only=True)
        with get_connector("duckdb").open(self.folders.warehouse, options) as session:
            return session.fetch_rows(sql, limit)

    # ------------------------------------------------------------ steps

    def _clean_up_after_the_last_one(self) -> None:
        """A demo that was killed may have left children; the note it left names them."""
        last = self.home.running().get("instance")
        if last:
            kill_instance(last)
            self.home.note_stopped()

    def _begin_bootstrap(self) -> None:
        wanted = _versions()
        if self.home.is_done("metadata", wanted) and self.home.database.exists() and self.home.passwords.exists():
            return
        if not self.home.was_done("metadata"):
            # Never complete, so nothing in it is worth keeping, and migrating half a database fails.
            for leftover in self.home.root.glob(f"{self.home.database.name}*"):
                leftover.unlink()
        command = (sys.executable, "-m", "dataflow_provider.demo.bootstrap", str(self.home.passwords))
        self._start("bootstrap", command, self.environment)
        self._note_running()

    def _finish_bootstrap(self) -> None:
        if not self._services:
            return
        bootstrap = self._services.pop()
        if bootstrap.process.wait() != 0:
            raise TerminalError(
                "DF-DEMO-014",
                f"Airflow's metadata database could not be made ready. The end of the log:\n{log_tail(bootstrap.log)}",
                hint=f"Remove the folder `{self.home.root}` to begin anew.",
            )
        self.home.note_done("metadata", _versions())

    def _make_data(self) -> None:
        land_files(self.folders.data, self._size)
        load_reference(self.folders.data, self.folders.warehouse, self._size)

    def _start(self, name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        log = self.logs / f"{name}.log"
        self._services.append(start_service(name, command, environment, log, self.home.root))

    def _note_running(self) -> None:
        self.home.note_running({"instance": self._instance, "launcher": str(os.getpid()), "url": self.url})

    def _wait_healthy(self, timeout_s: float, on_wait: Callable[[list[str]], None]) -> None:
        sick = list(HEALTH_NAMES)

        def is_healthy() -> bool:
            nonlocal sick
            try:
                health = AirflowRest(self.url, "", "").call_anonymous("GET", path_of("monitor", "health"))
            except (TransientError, RestError):
                return False
            sick = [name for name in HEALTH_NAMES if health.get(name, {}).get("status") != "healthy"]
            return not sick

        def is_started() -> bool:
            on_wait(sick)
            return is_healthy()

        if not self._until(is_started, timeout_s):
            tails = "\n".join(f"  {service.name}:\n{log_tail(service.log, 10)}" for service in self._services)
            raise TerminalError(
                "DF-DEMO-011", f"Airflow was not healthy within {timeout_s:.0f} s ({', '.join(sick)}).\n{tails}"
            )

    def _until(self, is_met: Callable[[], bool], timeout_s: float) -> bool:
        """Ask again and again, while every component lives, until it is so or the time is over."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.check()
            if is_met():
                return True
            time.sleep(POLL_S)
        return False

    def _import_errors(self, dag_id: str) -> str:
        errors = self.rest().get(f"{path_of('importErrors')}?limit=100")["import_errors"]
        told = [str(error["stack_trace"]) for error in errors if dag_id in str(error["filename"])]
        return f"Its file could not be loaded:\n{told[0]}" if told else "Its file has no import error."


def _versions() -> str:
    """What the metadata depends on: when any of it changes, migrating and seeding are due again."""
    packages = ("apache-airflow", "apache-airflow-providers-fab", "dataflow-ai")
    return " ".join(f"{package}={version(package)}" for package in packages)
