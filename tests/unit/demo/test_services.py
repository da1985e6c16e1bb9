"""Child processes: started quietly, watched, and stopped with all that they started, however stubborn or orphaned."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from dataflow_provider.demo import services
from dataflow_provider.demo.services import (
    INSTANCE_VARIABLE,
    Service,
    find_instance,
    kill_instance,
    log_tail,
    require_alive,
    start_service,
    stop_services,
)
from dataflow_provider.errors import TerminalError

# Each says `ready` on its first line, so that a test need not guess when it may go on.
SLEEPER = "import time; print('ready', flush=True); time.sleep(300)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(300)"
)
# A grandchild in a session of its own that outlives its parent: what a kill of the process group would miss.
PARENT_OF_A_RUNAWAY = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
time.sleep(300)
"""


@pytest.fixture
def instance() -> Iterator[str]:
    name = uuid4().hex
    yield name
    kill_instance(name)


def start(code: str, instance: str, folder: Path, name: str = "child") -> Service:
    """Start Python code and return when it has printed its first line."""
    environment = {**os.environ, INSTANCE_VARIABLE: instance}
    log = folder / f"{name}.log"
    service = start_service(name, (sys.executable, "-c", code), environment, log, folder)
    while not log.read_text().endswith("\n") and service.is_alive:
        os.sched_yield()
    return service


def test_stop_services_ends_a_willing_child(instance: str, tmp_path: Path) -> None:
    service = start(SLEEPER, instance, tmp_path)
    stop_services([service], instance)
    assert service.process.returncode == -signal.SIGTERM
    assert find_instance(instance) == []


def test_stop_services_kills_a_stubborn_child(instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "GRACE_S", 0.1)
    service = start(STUBBORN, instance, tmp_path)
    stop_services([service], instance)
    assert service.process.returncode == -signal.SIGKILL


def test_stop_services_finds_a_grandchild_that_left_the_group(instance: str, tmp_path: Path) -> None:
    service = start(PARENT_OF_A_RUNAWAY, instance, tmp_path)
    grandchild = next(process for process in find_instance(instance) if process.pid != service.process.pid)
    assert os.getsid(grandchild.pid) != os.getsid(service.process.pid)
    stop_services([service], instance)
    assert not psutil.pid_exists(grandchild.pid) or grandchild.status() == psutil.STATUS_ZOMBIE
    assert find_instance(instance) == []


def test_kill_instance_ends_orphans_of_a_killed_launcher_and_nobody_else(instance: str, tmp_path: Path) -> None:
    other = uuid4().hex
    bystander = start(SLEEPER, other, tmp_path, "bystander")
    service = start(PARENT_OF_A_RUNAWAY, instance, tmp_path)
    service.process.kill()
    service.process.wait()
    assert kill_instance(instance) == 1
    assert kill_instance(instance) == 0
    assert bystander.is_alive
    stop_services([bystander], other)


def test_stop_services_twice_is_harmless(instance: str, tmp_path: Path) -> None:
    service = start(SLEEPER, instance, tmp_path)
    stop_services([service], instance)
    stop_services([service], instance)


def test_started_child_has_a_session_and_no_terminal(instance: str, tmp_path: Path) -> None:
    code = "import os, sys; print(os.getsid(0) == os.getpid(), sys.stdin.read() == '')"
    service = start(code, instance, tmp_path)
    service.process.wait()
    assert service.log.read_text() == "True True\n"


def test_require_alive_tells_the_exit_code_and_the_end_of_the_log(instance: str, tmp_path: Path) -> None:
    service = start("print('the reason'); raise SystemExit(7)", instance, tmp_path, "scheduler")
    service.process.wait()
    with pytest.raises(TerminalError, match="DF-DEMO-010") as caught:
        require_alive([service])
    assert "`scheduler` ended with exit code `7`" in str(caught.value)
    assert "the reason" in str(caught.value)


def test_require_alive_of_living_services_says_nothing(instance: str, tmp_path: Path) -> None:
    service = start(SLEEPER, instance, tmp_path)
    require_alive([service])
    stop_services([service], instance)


def test_log_tail_shortens_task_logs_to_what_people_read(tmp_path: Path) -> None:
    log = tmp_path / "attempt=1.log"
    log.write_text(
        'a plain line\n{"level": "error", "event": "Task failed", "lineno": 3,'
        ' "error_detail": [{"exc_type": "AuthorError", "exc_value": "no such table"}]}\n{"level": "info"}\n'
    )
    assert log_tail(log).splitlines() == [
        "    a plain line",
        "    error    Task failed",
        "      AuthorError: no such table",
        '    {"level": "info"}',
    ]


def test_log_tail_of_a_missing_or_long_log(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "missing.log") == "    (the log is empty)"
    long = tmp_path / "long.log"
    long.write_text("\n".join(str(number) for number in range(100)))
    assert log_tail(long, 2) == "    98\n    99"
