"""Requests to one service: only to its own host, retried with a bound, answers read up to a size."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.errors import TerminalError

logger = logging.getLogger(__name__)

MAX_WAIT_S = 60.0
MAX_REDIRECTS = 5
DEFAULT_TIMEOUT_S = 60.0
_CHUNK_BYTES = 65_536
_WAIT = (429, 503)
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class HttpStatusError(Exception):
    """The service answered with a status that is no success."""

    def __init__(self, status: int, where: str) -> None:
        self.status = status
        super().__init__(f"{where} answered {status} {_reason(status)}".rstrip())

    def as_vendor_error(self) -> VendorError:
        kinds = {401: Kind.LOGIN, 403: Kind.RIGHTS, 404: Kind.MISSING, 410: Kind.MISSING}
        kind = Kind.BUSY if self.status in _AGAIN else kinds.get(self.status, Kind.REFUSED)
        return VendorError(kind, str(self.status), str(self), self._hint(kind))

    def _hint(self, kind: Kind) -> str:
        if kind is Kind.LOGIN:
            return "Check login, password and `auth` of the connection."
        if kind is Kind.RIGHTS:
            return "Let the login of the connection ask for this path."
        if self.status in _WAIT:
            return "It is tried again; `options` of the node set `rate_limit` and `attempts`."
        if kind is Kind.BUSY or self.status >= 500:
            return "If it stays, ask those who run the service."
        return "Check `path`, and `options` of the node, against what the service documents."


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


@dataclass(frozen=True)
class Answer:
    """What came back, unpacked."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int


@dataclass
class Service:
    """An open connection; `base` ends without a slash."""

    base: str
    http: requests.Session
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0)

    def close(self) -> None:
        self.http.close()

    def url(self, path: str) -> str:
        return f"{self.base}/{path.lstrip('/')}"

    def ask(
        self, method: str, url: str, *, timeout_s: float, attempts: int, max_bytes: int,
        rate_limit: float | None = None, **sent: Any,
    ) -> Answer:  # fmt: skip
        """Return the answer of a success; other statuses raise after the last try.

        Raises:
            HttpStatusError: for a status of 400 and more.
            TerminalError: `DF-HTTP-003` for a redirect elsewhere, `DF-HTTP-004` for an answer that is too large.
        """
        for attempt in range(1, attempts + 1):
            self._keep_rate(rate_limit)
            try:
                answer = self._once(method, url, timeout_s, max_bytes, sent)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as exc:
                if attempt == attempts:
                    raise
                logger.warning("retry method=%s attempt=%d reason=%s", method, attempt, type(exc).__name__)
                self.sleep(min(0.5 * 2 ** (attempt - 1), MAX_WAIT_S))
                continue
            if answer.status < 400:
                return answer
            wait = _retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
            if answer.status not in _AGAIN or attempt == attempts or (wait or 0) > MAX_WAIT_S:
                raise HttpStatusError(answer.status, f"{method} {urlsplit(url).path}")
            logger.warning("retry method=%s attempt=%d status=%d", method, attempt, answer.status)
            self.sleep(min(0.5 * 2 ** (attempt - 1), MAX_WAIT_S) if wait is None else wait)
        raise AssertionError("attempts is at least one")

    def require_own(self, url: str) -> str:
        """Return the URL.

        Raises:
            TerminalError: `DF-HTTP-003` when it leads to another host.
        """
        if origin(url) != origin(self.base):
            parts = urlsplit(url)
            raise TerminalError(
                "DF-HTTP-003",
                f"the service leads to `{parts.scheme}://{parts.hostname}`, another host than the connection's",
                hint="Only the connection's own host is asked, since its password would travel along.",
            )
        return url

    def _once(self, method: str, url: str, timeout_s: float, max_bytes: int, sent: dict[str, Any]) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            with self.http.request(
                method, url, timeout=timeout_s, stream=True, allow_redirects=False, **sent
            ) as response:
                if not response.is_redirect:
                    return Answer(url, response.headers, _body(response, max_bytes), response.status_code)
                url = self.require_own(urljoin(url, response.headers["Location"]))
                sent = {name: value for name, value in sent.items() if name != "params"}
        raise TerminalError("DF-HTTP-003", f"the service redirects more than {MAX_REDIRECTS} times")

    def _keep_rate(self, rate_limit: float | None) -> None:
        if rate_limit is not None:
            now = self.clock()
            if self._next_at > now:
                self.sleep(self._next_at - now)
            self._next_at = max(now, self._next_at) + 1 / rate_limit


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL.

    >>> origin("https://API.example/x"), origin("http://api.example:8080")
    (('https', 'api.example', 443), ('http', 'api.example', 8080))
    """
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def _body(response: requests.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > max_bytes:
            raise TerminalError(
                "DF-HTTP-004",
                f"an answer of the service is larger than {max_bytes:,} bytes, unpacked",
                hint="Ask for smaller pages, or raise `options.max_response_bytes`.",
            )
    return bytes(body)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body; an error on the way tells what was asked for."""
    try:
        yield from response.iter_content(_CHUNK_BYTES)
    except requests.RequestException as exc:
        exc.request = exc.request or response.request
        raise


def _retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for; None without a valid one."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
