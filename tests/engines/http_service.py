"""A REST service on this machine that pages, keeps rows, and fails as it is told."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class HttpService:
    """`routes` answer a path; `faults` come first, one a request; `asked` holds every request."""

    port: int = 0
    routes: dict[str, Callable[[dict[str, str], bytes], Reply]] = field(default_factory=dict)
    faults: list[Reply] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def reply(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        self.asked.append((method, target, headers, body))
        if self.faults:
            return self.faults.pop(0)
        parts = urlsplit(target)
        route = self.routes.get(parts.path)
        if route is None:
            return 404, {}, b"nothing here"
        return route({name: values[0] for name, values in parse_qs(parts.query).items()}, body)


def as_json(value: Any, headers: dict[str, str] | None = None, *, packed: bool = False) -> Reply:
    body = json.dumps(value).encode()
    if packed:
        return 200, {"Content-Encoding": "gzip", **(headers or {})}, gzip.compress(body)
    return 200, {"Content-Type": "application/json", **(headers or {})}, body


@pytest.fixture
def http_service() -> Iterator[HttpService]:
    service = HttpService()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = service.reply(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: `asked` holds the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
