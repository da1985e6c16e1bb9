"""Choosing the port of the demo's web server on the loopback address, and keeping it from the next demo.

Between the choice and the moment the server listens lie many seconds; a lock file per port bridges them.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

from dataflow_provider.errors import AuthorError

HOST = "127.0.0.1"
FIRST_PORT = 8080
TRIED_PORTS = 100


class ReservedPort:
    """A port that no other demo of this user chooses until it is released, or this process ends."""

    def __init__(self, number: int, lock: IO[str]) -> None:
        self.number = number
        self._lock = lock

    def release(self) -> None:
        self._lock.close()


def choose_port(wanted: int | None) -> ReservedPort:
    """Return the wanted port, or the first free one from 8080 on when none is wanted.

    Raises:
        AuthorError: DF-DEMO-004 when the wanted port, or every port tried, is taken.
    """
    if wanted is not None:
        reserved = _reserve(wanted)
        if reserved is not None:
            return reserved
        raise AuthorError(
            "DF-DEMO-004",
            f"Port `{wanted}` is taken by another program or not allowed.",
            hint="Choose another with `--port`, or leave it out to take the next free one.",
        )
    last = FIRST_PORT + TRIED_PORTS - 1
    for port in range(FIRST_PORT, last + 1):
        reserved = _reserve(port)
        if reserved is not None:
            return reserved
    raise AuthorError(
        "DF-DEMO-004", f"Every port from `{FIRST_PORT}` to `{last}` is taken.", hint="Give one with `--port`."
    )


def is_free(port: int) -> bool:
    """Whether a server could listen there now, on the loopback address and on all addresses."""
    for host in (HOST, ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a port whose last connections are still fading away counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError):
                return False
    return True


def _reserve(port: int) -> ReservedPort | None:
    if not is_free(port):
        return None
    lock = (Path(tempfile.gettempdir()) / f"dataflow-demo-{os.getuid()}-{port}.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return ReservedPort(port, lock)
