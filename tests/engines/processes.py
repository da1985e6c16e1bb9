"""Servers as child processes: found on this machine, awaited until they answer, and gone when the tests end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

IN_CI = os.environ.get("CI") == "true"
START_TIMEOUT_S = 60.0


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def require_program(name: str, package: str, *places: str) -> Path:
    """Return where a program lies: on the PATH, else the newest match of `places` (patterns under /).

    A machine without it skips the test, and CI fails.
    """
    matches = sorted(match for place in places for match in Path("/").glob(place))
    found = shutil.which(name) or (str(matches[-1]) if matches else None)
    if found is None:
        unavailable(f"`{name}` is not installed; `apt-get install {package}` gives it")
    return Path(found).resolve()


def require_stand_ins() -> Path:
    """Return the Python of the environment that holds the stand-ins for Snowflake and Databricks."""
    python = Path(__file__).parents[2] / ".engines/bin/python"
    if not python.exists():
        unavailable("the stand-ins for Snowflake and Databricks are not installed; `make install-tests` does it")
    return python


def unavailable(why: str) -> NoReturn:
    """The test cannot run here: a failure in CI, a skip elsewhere."""
    if IN_CI:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


class Server:
    """One server process; its output goes to a file, whose end is shown when it does not start."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command, self._log, self._environment, self._user = command, log, environment, user
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in self._command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=None if self._environment is None else dict(self._environment),
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                cwd=self._log.parent,
            )

    def kill_and_restart(self, ready: Callable[[], bool]) -> None:
        """The server and its children die by SIGKILL; return when a new one has mended what they left."""
        dying = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        for one in dying:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(dying, timeout=10)
        self.process = self._start()
        self.wait_until(ready)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return once the server answers; a server that ends or stays silent fails the test."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the server did not start:\n{self._log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """The process is gone, at the latest after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def answers(port: int) -> bool:
    """Return whether somebody listens on the port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
