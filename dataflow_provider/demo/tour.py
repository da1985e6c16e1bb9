"""What `dataflow demo` shows: Airflow starts, two pipelines run before the eyes, their rows, and where to look on.

Ends by Ctrl-C, or by itself with `once`; in either case nothing of it is left running.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from dataflow_provider.demo.airflow import DemoAirflow, RunState
from dataflow_provider.demo.screen import Screen
from dataflow_provider.demo.signals import ended_by_signals
from dataflow_provider.demo.telecom import TelecomSize
from dataflow_provider.errors import AuthorError, TerminalError

RUN_TIMEOUT_S = 180.0
WATCH_EVERY_S = 1.0

# Pipeline → the query whose rows are shown after its run.
SHOWN = {
    "hello_world": "SELECT msisdn, plan_id, region, activated_on FROM mart.hello_subscribers"
    " ORDER BY activated_on DESC, subscriber_id LIMIT 5",
    "flights_weather": "SELECT origin, condition, flights, late, cancelled, mean_delay_min FROM mart.flights_by_weather"
    " WHERE condition IN ('fair', 'rain', 'snow or ice') ORDER BY origin, mean_delay_min",
}


@dataclass(frozen=True)
class DemoOptions:
    """What the caller of the demo chose; None means the default."""

    project: Path
    home: Path | None = None
    port: int | None = None
    size: TelecomSize | None = None
    extra_pipelines: int = 0
    once: bool = False
    browser: bool = True


@dataclass(frozen=True)
class ShownRun:
    """One run of the tour."""

    pipeline: str
    run_id: str
    state: str
    seconds: float


@dataclass(frozen=True)
class Tour:
    """What happened until the tour was over."""

    url: str
    runs: tuple[ShownRun, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        runs = [{**vars(run), "seconds": round(run.seconds, 1)} for run in self.runs]
        return {"ok": True, "url": self.url, "seconds": round(self.seconds, 1), "runs": runs}


def run_demo(options: DemoOptions, out: TextIO) -> Tour:
    """Give the tour; without `once`, stay until a signal comes. Everything is stopped when this returns or raises.

    Raises:
        DataflowError: when something did not start or a run failed; logs' ends stand in the message.
        KeyboardInterrupt: when a signal came before the tour was over.
    """
    started = time.monotonic()
    screen = Screen(out)
    airflow = _demo_airflow(options)
    screen.say(f"DataFlow AI demo in {airflow.home.root}")
    stopping = threading.Event()
    with ended_by_signals(stopping):
        try:
            tour = _give_tour(airflow, screen, started)
            if not options.once:
                _invite(airflow, screen, options)
                _stay(airflow, stopping)
        finally:
            stopping.set()
            with screen.step("Stopping"):
                airflow.stop()
    return tour


def find_project(wanted: Path | None) -> Path:
    """Return the folder that holds `yaml_pipelines`: the wanted one, the current one, or the clone we run from.

    Raises:
        AuthorError: DF-DEMO-005 when no sample pipelines are there.
    """
    clone = Path(__file__).resolve().parents[2]
    candidates = (wanted,) if wanted else (Path.cwd(), clone)
    for folder in candidates:
        if (folder / "yaml_pipelines" / "telecom" / "hello_world.yaml").is_file():
            return folder.absolute()
    looked = ", ".join(f"`{folder}`" for folder in candidates)
    raise AuthorError(
        "DF-DEMO-005",
        f"There are no sample pipelines (`yaml_pipelines/telecom/hello_world.yaml`) in {looked}.",
        hint="Run the demo in a clone of the repository, or name the clone with `--project DIR`.",
    )


def _demo_airflow(options: DemoOptions) -> DemoAirflow:
    examples = options.project / "dags" / "examples"
    return DemoAirflow(
        options.home or options.project / ".demo",
        options.project / "yaml_pipelines",
        options.port,
        size=options.size,
        extra_pipelines=options.extra_pipelines,
        examples=examples if examples.is_dir() else None,
    )


def _give_tour(airflow: DemoAirflow, screen: Screen, started: float) -> Tour:
    with screen.step("Preparing") as step:
        airflow.prepare()
        step.result = "sample data, database, users"
    with screen.step("Starting Airflow") as step:
        airflow.start(on_wait=lambda sick: step.update(f"waiting for {', '.join(sick)}"))
        step.result = airflow.url
    runs = tuple(_show_run(airflow, screen, pipeline, query) for pipeline, query in SHOWN.items())
    return Tour(airflow.url, runs, time.monotonic() - started)


def _show_run(airflow: DemoAirflow, screen: Screen, pipeline: str, query: str) -> ShownRun:
    with screen.step(pipeline) as step:
        run_id = airflow.trigger(pipeline)
        state = airflow.wait(pipeline, run_id, RUN_TIMEOUT_S, lambda now: step.update(_describe(now)))
        if state.state != "success":
            raise TerminalError(
                "DF-DEMO-015",
                f"The run `{run_id}` of `{pipeline}` ended as `{state.state}`.\n{airflow.task_log_tail(state)}",
            )
        step.result = _describe(state)
    screen.table(*airflow.query(query))
    return ShownRun(pipeline, run_id, state.state, step.seconds)


def _describe(state: RunState) -> str:
    done = sum(task_state == "success" for task_state in state.tasks.values())
    return f"{state.state}, {done} of {len(state.tasks)} stages"


def _invite(airflow: DemoAirflow, screen: Screen, options: DemoOptions) -> None:
    with screen.step("Unpausing") as step:
        missing = airflow.unpause_all()
        step.result = f"all but {', '.join(missing)}" if missing else "every pipeline"
    screen.say()
    screen.say(f"  Airflow       {airflow.url}/        DataFlow is in the menu on the left")
    screen.say(f"  Pipelines     {airflow.folders.pipelines}   edit one and watch it change")
    screen.say(f"  Logs          {airflow.logs}")
    screen.say(f"  Logins        kept in {airflow.home.passwords}")
    for user, password in airflow.passwords.items():
        screen.say(f"                {user:<10} {password}")
    screen.say()
    screen.say("  Ctrl-C stops everything.")
    if options.browser and _has_display():
        webbrowser.open(airflow.url)


def _has_display(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a browser window could be seen; a text browser must not take over the terminal."""
    return sys.platform == "darwin" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _stay(airflow: DemoAirflow, stopping: threading.Event) -> None:
    """Return when a signal comes; raise when a component ends by itself."""
    try:
        while not stopping.wait(WATCH_EVERY_S):
            airflow.check()
    except KeyboardInterrupt:
        return
