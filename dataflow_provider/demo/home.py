"""The folder a demo lives in: where things lie, which steps of its making are done, and who runs in it.

A step is noted only after it is complete, so a home whose making was cut short is recognised and completed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from dataflow_provider.errors import AuthorError


class DemoHome:
    """Paths below one folder; nothing is made before `lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.database = self.root / "airflow.db"
        self.logs = self.root / "logs"
        self.passwords = self.root / "passwords.json"
        self.extra_pipelines = self.root / "extra" / "yaml_pipelines"
        self._steps = self.root / "steps.json"
        self._secrets = self.root / "secrets.json"
        self._running = self.root / "running.json"
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """This process alone works in the home until `unlock` or its end; the kernel frees the lock of a dead one.

        Raises:
            AuthorError: DF-DEMO-002 when another demo runs here, DF-DEMO-003 when the folder cannot be written.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            lock = (self.root / "demo.lock").open("a")
        except OSError as exc:
            raise AuthorError(
                "DF-DEMO-003",
                f"The demo's home `{self.root}` cannot be written: {exc.strerror}.",
                hint="Choose another folder with `--home`.",
            ) from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            running = self.running()
            raise AuthorError(
                "DF-DEMO-002",
                f"A demo already runs in `{self.root}`: {running.get('url', 'it is just starting')}"
                f" (process {running.get('launcher', 'unknown')}).",
                hint="Stop it with Ctrl-C, or start a second one with `--home DIR`.",
            ) from None
        self._lock = lock

    def unlock(self) -> None:
        """Another demo may work in the home."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_done(self, step: str, value: str) -> bool:
        """Whether the step was completed with this very value."""
        return _read(self._steps).get(step) == value

    def was_done(self, step: str) -> bool:
        """Whether the step was ever completed, with whatever value."""
        return step in _read(self._steps)

    def note_done(self, step: str, value: str) -> None:
        """The step counts as completed from now on."""
        _write(self._steps, {**_read(self._steps), step: value})

    def forget(self, step: str) -> None:
        """The step counts as never done."""
        _write(self._steps, {name: value for name, value in _read(self._steps).items() if name != step})

    def secret(self, name: str) -> str:
        """A random secret that stays the same for the life of the home; it is a valid Fernet key."""
        known = _read(self._secrets)
        if name not in known:
            known = {**known, name: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}
            _write(self._secrets, known)
        return known[name]

    def running(self) -> dict[str, str]:
        """What the last demo noted about itself: `instance`, `launcher`, `url`; empty after a clean end."""
        return _read(self._running)

    def note_running(self, facts: Mapping[str, str]) -> None:
        """What others need to know of this demo, and what the next one needs to clean up after it."""
        _write(self._running, facts)

    def note_stopped(self) -> None:
        """Nothing is left to clean up; without the lock, the note is another demo's and stays."""
        if self._lock is not None:
            self._running.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    """A missing or torn file is an empty one: what it said is found out anew."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, str]) -> None:
    """Replace the file in one step, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(dict(content), file, indent=2)
    fresh.replace(path)
