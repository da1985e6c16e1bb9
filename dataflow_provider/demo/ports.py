"""Choosing the port of the demo's web server on the loopback address."""

from __future__ import annotations

import socket

from dataflow_provider.errors import AuthorError

HOST = "127.0.0.1"
FIRST_PORT = 8080
TRIED_PORTS = 100


def choose_port(wanted: int | None) -> int:
    """Return the wanted port, or the first free one from 8080 on when none is wanted.

    Raises:
        AuthorError: DF-DEMO-004 when the wanted port, or every port tried, is taken.
    """
    if wanted is not None:
        if is_free(wanted):
            return wanted
        raise AuthorError(
            "DF-DEMO-004",
            f"Port `{wanted}` is taken by another program or not allowed.",
            hint="Choose another with `--port`, or leave it out to take the next free one.",
        )
    for port in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS):
        if is_free(port):
            return port
    last = FIRST_PORT + TRIED_PORTS - 1
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
