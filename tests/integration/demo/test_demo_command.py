"""`dataflow demo` as people run it: a real Airflow starts, runs pipelines, and is gone afterwards, whatever happens.

All tests share one home, so only the first start makes it; each leaves it as the next start must cope with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]

ROOT = Path(__file__).resolve().parents[3]
SIZE = "2000"


class Demo:
    """Starts the command on one project and looks for what it leaves behind."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.home = project / ".demo"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dataflow_provider.cli.main", "demo", "--project", str(self.project)]
        return subprocess.Popen(
            [*command, "--size", SIZE, "--no-browser", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def left_behind(self) -> list[str]:
        """Command lines of living processes that work in this home, the launcher itself aside."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("AIRFLOW_HOME") == str(self.home)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except (psutil.Error, OSError):
                continue
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    project = tmp_path_factory.mktemp("demo")
    shutil.copytree(ROOT / "yaml_pipelines", project / "yaml_pipelines")
    demo = Demo(project)
    yield demo
    assert demo.left_behind() == []


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The output up to the line that holds the text; fails when the output ends before."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    error = process.stderr.read() if process.stderr else ""
    pytest.fail(f"{text!r} was never said:\n{seen}\n{error}")


def wait_for_file(path: Path, process: subprocess.Popen[str]) -> None:
    while not (path.exists() and path.stat().st_size):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_demo_killed_while_its_home_is_half_made_is_completed_by_the_next_start(demo: Demo) -> None:
    first = demo.start()
    wait_for_file(demo.home / "airflow.db", first)
    first.kill()
    first.communicate()
    assert demo.left_behind() != [], "the killed launcher could not stop its child"

    second = demo.start()
    said = read_until(second, "Ctrl-C stops everything")
    assert "hello_world          success, 1 of 1 stages" in said
    assert "flights_weather      success" in said
    assert "snow or ice" in said, "the rows are shown"
    assert "Unpausing            every pipeline" in said
    kept = json.loads((demo.home / "passwords.json").read_text())
    assert set(kept) == {"admin", "engineer", "analyst", "steward", "operator", "viewer"}
    assert all(password in said for password in kept.values())
    assert (demo.home / "passwords.json").stat().st_mode & 0o777 == 0o600

    refused = demo.start()
    output, error = refused.communicate()
    assert (refused.returncode, "DF-DEMO-002" in error) == (1, True), (output, error)
    assert second.poll() is None, "the running demo is not disturbed"

    second.send_signal(signal.SIGINT)
    output, error = second.communicate()
    assert (second.returncode, error) == (0, ""), (output, error)
    assert demo.left_behind() == []


def test_demo_once_after_a_killed_one_cleans_up_shows_json_and_ends_with_0(demo: Demo) -> None:
    killed = demo.start()
    wait_for_file(demo.home / "logs" / "scheduler.log", killed)
    killed.kill()
    killed.communicate()

    once = demo.start("--once", "--json")
    output, error = once.communicate()
    assert once.returncode == 0, error
    document = json.loads(output)
    assert document["ok"] is True
    assert [(run["pipeline"], run["state"]) for run in document["runs"]] == [
        ("hello_world", "success"), ("flights_weather", "success"),
    ]  # fmt: skip
    assert demo.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_demo_ended_while_starting_leaves_nothing_and_says_130(demo: Demo, number: signal.Signals) -> None:
    process = demo.start()
    read_until(process, "Preparing")
    os.kill(process.pid, number)
    output, error = process.communicate()
    assert (process.returncode, error) == (130, "interrupted\n"), output
    assert demo.left_behind() == []


def test_demo_with_a_broken_pipeline_says_why_and_ends_with_1(demo: Demo) -> None:
    hello = demo.project / "yaml_pipelines" / "telecom" / "hello_world.yaml"
    whole = hello.read_text()
    hello.write_text(whole.replace("table: crm.subscribers", "table: crm.nobody"))
    process = demo.start("--once")
    output, error = process.communicate()
    hello.write_text(whole)
    assert process.returncode == 1, output
    assert "DF-DEMO-015" in error
    assert "nobody" in error, "the task's own error is shown"
    assert demo.left_behind() == []
