"""A TCP relay that can be cut, so that a server seems to go in the middle of an answer and to come back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Relay:
    """Hands bytes on to a port of this machine; `cut_after` bytes of answers more, every connection is closed.

    `leave_out` stands in what clients send and does not reach the server, such as a header that it cannot read.
    """

    target: int
    cut_after: int | None = None
    leave_out: bytes = b""
    is_cut: bool = False
    _open: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def mend(self) -> None:
        self.cut_after, self.is_cut = None, False

    def close(self) -> None:
        self._listener.close()
        self._hang_up()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket()
                if self.is_cut or server.connect_ex(("127.0.0.1", self.target)):
                    client.close()
                    server.close()
                    continue
                self._open += [client, server]
                for source, sink, seen, left_out in (
                    (client, server, lambda _: None, self.leave_out), (server, client, self._count, b""),
                ):  # fmt: skip
                    threading.Thread(target=_pump, args=(source, sink, seen, left_out), daemon=True).start()

    def _count(self, size: int) -> None:
        if self.cut_after is None:
            return
        self.cut_after -= size
        if self.cut_after <= 0:
            self.is_cut = True
            self._hang_up()

    def _hang_up(self) -> None:
        while self._open:
            with suppress(OSError):
                self._open[-1].shutdown(socket.SHUT_RDWR)
            self._open.pop().close()


def _pump(source: socket.socket, sink: socket.socket, seen: Callable[[int], None], left_out: bytes) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            seen(len(data))
            sink.sendall(data.replace(left_out, b"") if left_out else data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
