"""Child processes of the demo: started quietly with a log file each, stopped with everything they started.

Every child carries the instance id in its environment. It is inherited, so that nothing that a child started can hide:
what still carries it after the children are gone is ended too, now or at the next start.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from dataflow_provider.errors import TerminalError

logger = logging.getLogger(__name__)

INSTANCE_VARIABLE = "DATAFLOW_DEMO_INSTANCE"
GRACE_S = 6.0
TAIL_LINES = 25


@dataclass(frozen=True)
class Service:
    """One running child and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


def start_service(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, cwd: Path) -> Service:
    """The command runs in a session of its own (a Ctrl-C in the terminal does not reach it), output into `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Service(name, process, log)


def require_alive(services: Sequence[Service]) -> None:
    """Raise when a service has ended by itself.

    Raises:
        TerminalError: DF-DEMO-010 with the exit code and the end of its log.
    """
    for service in services:
        if not service.is_alive:
            raise TerminalError(
                "DF-DEMO-010",
                f"The service `{service.name}` ended with exit code `{service.process.returncode}`."
                f" The end of its log:\n{log_tail(service.log)}",
                hint=f"The whole log is in {service.log}",
            )


def stop_services(services: Sequence[Service], instance: str) -> None:
    """No process of the instance is left: asked first, and after `GRACE_S` made to."""
    for service in services:
        if service.is_alive:
            service.process.terminate()
    deadline = time.monotonic() + GRACE_S
    for service in services:
        try:
            service.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.info("Service %s did not stop within %.0f s and is killed", service.name, GRACE_S)
            service.process.kill()
            service.process.wait()
    kill_instance(instance)


def kill_instance(instance: str) -> int:
    """Kill every process that carries the instance id, except this one; returns how many there were.

    A process may fork while we look, so we look again until there is none.
    """
    killed: set[int] = set()
    while found := find_instance(instance):
        for process in found:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
            killed.add(process.pid)
        psutil.wait_procs(found, timeout=5)
    return len(killed)


def find_instance(instance: str) -> list[psutil.Process]:
    """Every living process whose environment names the instance, except this one."""
    found = []
    for process in psutil.process_iter():
        try:
            carries = process.environ().get(INSTANCE_VARIABLE) == instance
            if carries and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            # Somebody else's process, or one that is just ending: neither is ours.
            continue
    return found


def log_tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented; says so when there are none."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    tail = [_readable(line) for line in text.splitlines()[-lines:]] or ["(the log is empty)"]
    return "\n".join(f"    {line}" for line in tail)


def _readable(line: str) -> str:
    """Shorten the JSON of a task's log line to what a person reads; other lines stay as they are."""
    try:
        entry = json.loads(line)
        told = f"{entry['level']:<8} {entry['event']}"
        errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or ()]
    except (ValueError, TypeError, KeyError):
        return line
    return "\n      ".join((told, *errors))
