"""REST services: records of JSON answers page by page, and rows sent in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError, tls_error
from dataflow_provider.connectors.impl.http_requests import DEFAULT_TIMEOUT_S, Answer, HttpStatusError, Service
from dataflow_provider.connectors.json_records import Record, RecordReader, json_or_error
from dataflow_provider.connectors.json_values import JsonError, to_json
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.native import NativeConnectorBase
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.errors import Place, TerminalError
from dataflow_provider.spec.service_nodes import HttpSourceOptions, HttpTargetOptions, Pagination

# Keys of the extra that are no headers; the first are ours, the others those of Airflow's HttpHook.
_SETTINGS = ("auth", "header", "headers", "verify", "cert", "timeout", "allow_redirects", "proxies", "proxy", "stream",
             "check_response", "max_redirects", "trust_env", "auth_type", "auth_kwargs")  # fmt: skip
MAX_TEST_BYTES = 1_000_000


@dataclass(frozen=True)
class HttpSession:
    """An open service and the connection it was opened by."""

    service: Service
    connection: ConnectionSpec


class _Header(AuthBase):
    """Sends a secret in a header of every request."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.name] = self.value
        return request


class HttpConnector(NativeConnectorBase[HttpSession]):
    """Takes Airflow's HTTP connections; other hosts than the connection's are never asked."""

    manifest = BUILT_IN["http"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> HttpSession:
        with self.calling(connection):
            http = requests.Session()
            http.trust_env = False  # no password of a .netrc, no proxy but the connection's own
            extra = connection.extra
            headers = extra.get("headers") or {}
            http.headers.update({name: str(value) for name, value in extra.items() if name not in _SETTINGS})
            http.headers.update({str(name): str(value) for name, value in headers.items()})
            http.verify, http.cert = extra.get("verify", True), extra.get("cert")
            http.proxies.update(extra.get("proxies") or {})
            http.auth = _auth(connection)
            return HttpSession(Service(_base(connection), http), connection)

    def disconnect(self, session: HttpSession) -> None:
        session.service.close()

    def test_connection(self, session: HttpSession) -> str:
        with self.calling(session.connection):
            try:
                answer = session.service.ask(
                    "GET", session.service.base + "/", timeout_s=10, attempts=1, max_bytes=MAX_TEST_BYTES
                )
            except HttpStatusError as exc:
                if exc.status in (401, 403) or exc.status >= 500:
                    raise
                return f"The service answers ({exc.status} at its root)."
            return f"The service answers ({answer.status})."

    def vendor_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, HttpStatusError):
            return exc.as_vendor_error()
        if isinstance(exc, _BadAnswerError):
            return VendorError(Kind.CONVERSION, "", str(exc))
        if isinstance(exc, _SetupError):
            return VendorError(Kind.SETUP, "", str(exc))
        if isinstance(exc, requests.exceptions.SSLError) and (untrusted := tls_error(exc)) is not None:
            return untrusted
        if isinstance(exc, requests.Timeout):
            hint = "Look whether the service runs, or raise `options.timeout` of the node."
            return VendorError(Kind.UNREACHABLE, type(exc).__name__, f"{_asked(exc)}no answer in time", hint)
        kinds: tuple[tuple[type[Exception], Kind, str], ...] = (
            (requests.exceptions.SSLError, Kind.UNREACHABLE, "TLS fails"),
            (requests.exceptions.ChunkedEncodingError, Kind.LOST, "the answer broke off"),
            (requests.exceptions.ContentDecodingError, Kind.CONVERSION, "the answer cannot be unpacked"),
            (requests.exceptions.InvalidURL, Kind.SETUP, "its host is no host"),
            (requests.ConnectionError, Kind.UNREACHABLE, "no connection to its host"),
            (requests.RequestException, Kind.REFUSED, "the request cannot be sent"),
        )
        found = next(((kind, text) for one, kind, text in kinds if isinstance(exc, one)), None)
        if found is None:
            return super().vendor_error(exc)
        return VendorError(found[0], type(exc).__name__, _asked(exc) + found[1])

    # ------------------------------------------------------------ in

    def do_extract_data(self, session: HttpSession, request: ExtractRequest) -> Iterator[Any]:
        options = request.options.get("options") or HttpSourceOptions()
        reader = RecordReader(request, options.flatten)
        yield from reader.batches(self._records(session, request, options))

    def _records(self, session: HttpSession, request: ExtractRequest, options: HttpSourceOptions) -> Iterator[Record]:
        path, at = str(request.options["path"]), request.options.get("records")
        number = 0
        for answer in self._pages(session, request, options):
            for value in self._list(session, answer, at):
                number += 1
                yield Record(value, path, to_json(value), line=number)

    def _list(self, session: HttpSession, answer: Answer, at: str | None) -> list[Any]:
        with self.calling(session.connection):
            return records_of(_parsed(answer), at)

    def _pages(self, session: HttpSession, request: ExtractRequest, options: HttpSourceOptions) -> Iterator[Answer]:
        pages: Pagination | None = request.options.get("pagination")
        url, params = session.service.url(str(request.options["path"])), _texts(options.params)
        if pages is not None:
            params |= _first_params(pages)
        seen: set[str] = set()
        for _ in range(pages.max_pages if pages else 1):
            with self.calling(session.connection):
                answer = session.service.ask(
                    "GET", url, params=params or None, headers=options.headers, timeout_s=_timeout(options),
                    attempts=options.attempts, rate_limit=options.rate_limit, max_bytes=options.max_response_bytes,
                )  # fmt: skip
            yield answer
            if pages is None:
                return
            with self.calling(session.connection):
                step = _next(pages, answer, request.options.get("records"), params)
            if step is None:
                return
            url = session.service.require_own(urljoin(url, step.url)) if step.url else url
            params = {} if step.url else {**params, **step.params}
            key = repr((url, sorted(params.items())))
            if key in seen:
                raise _endless(request, "the service names the same next page twice")
            seen.add(key)
        raise _endless(request, "there are more pages than `pagination.max_pages` allows")

    # ------------------------------------------------------------ out

    def do_load_data(self, session: HttpSession, batches: Iterator[Any], request: LoadRequest) -> int:
        options = request.options.get("options") or HttpTargetOptions()
        url = session.service.url(str(request.options["path"]))
        written = index = 0
        for batch in batches:
            if not batch.num_rows:
                continue
            body = _payload(batch.to_pylist(), options.body, request.node)
            key = hashlib.sha256(f"{request.marker}\n{index}\n".encode() + body).hexdigest()
            kind = "application/json" if options.body == "array" else "application/x-ndjson"
            with self.calling(session.connection):
                session.service.ask(
                    options.method, url, data=body, timeout_s=_timeout(options), attempts=options.attempts,
                    rate_limit=options.rate_limit, max_bytes=MAX_TEST_BYTES,
                    headers={**options.headers, "Content-Type": kind, "Idempotency-Key": key},
                )  # fmt: skip
            written, index = written + batch.num_rows, index + 1
        return written


class _SetupError(ValueError):
    """The connection's fields do not say how to connect."""


class _BadAnswerError(ValueError):
    """An answer is not what the node says it is."""


def _asked(exc: Exception) -> str:
    """Return what was asked for, without parameters, which may hold a key."""
    request = getattr(exc, "request", None)
    return f"{request.method} {urlsplit(request.url).path}: " if request is not None and request.url else ""


def _base(connection: ConnectionSpec) -> str:
    """Return the root URL as Airflow's HttpHook builds it: the host may bring the scheme, else `schema` does."""
    host = (connection.host or "").rstrip("/")
    if not host:
        raise _SetupError("it names no host")
    if "://" not in host:
        host = f"{connection.schema or 'http'}://{host}"
    if not host.startswith(("http://", "https://")):
        raise _SetupError("its schema is neither `http` nor `https`")
    scheme, _, rest = host.partition("://")
    name, slash, path = rest.partition("/")
    port = f":{connection.port}" if connection.port and ":" not in name else ""
    return f"{scheme}://{name}{port}{slash}{path}"


def _auth(connection: ConnectionSpec) -> AuthBase | None:
    kind = connection.extra.get("auth") or ("basic" if connection.login else None)
    secret = connection.password or ""
    if kind is None:
        return None
    if kind == "basic":
        return HTTPBasicAuth((connection.login or "").encode(), secret.encode())
    if kind == "bearer":
        return _Header("Authorization", f"Bearer {secret}")
    if kind == "api_key":
        return _Header(str(connection.extra.get("header") or "X-API-Key"), secret)
    raise _SetupError(f"`auth` is `{kind}`; allowed: `basic`, `bearer`, `api_key`")


def _timeout(options: HttpSourceOptions | HttpTargetOptions) -> float:
    return DEFAULT_TIMEOUT_S if options.timeout is None else options.timeout.total_seconds()


def _texts(params: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: to_json(value) for name, value in params.items() if value is not None}
    return {name: str(params[name]) if text.startswith('"') else text for name, text in texts.items()}


def _parsed(answer: Answer) -> Any:
    try:
        return json_or_error(answer.body)
    except JsonError as exc:
        raise _BadAnswerError(f"an answer cannot be read: {exc}") from None


def records_of(document: Any, at: str | None) -> list[Any]:
    """Return the records at a path such as `data.items`; a lone object is one record.

    Raises:
        _BadAnswerError: when the path leads nowhere, or to something else.
    """
    found = document if at is None else find_path(document, at)
    if isinstance(found, list):
        return found
    if isinstance(found, dict):
        return [found]
    raise _BadAnswerError(f"an answer has no list of records at `{at or '$'}`")


def find_path(document: Any, path: str) -> Any:
    """Return the value at a path of names and numbers; None when it leads nowhere.

    >>> find_path({"a": [{"b": 1}]}, "$.a.0.b")
    1
    """
    for part in path.removeprefix("$").strip(".").split("."):
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class _Step:
    """The next request: other parameters, or another URL."""

    params: Mapping[str, str]
    url: str = ""


def _first_params(pages: Pagination) -> dict[str, str]:
    params = {}
    if pages.kind in ("page", "offset"):
        first = pages.start if pages.start is not None else int(pages.kind == "page")
        params[pages.parameter or pages.kind] = str(first)
    if pages.size is not None and pages.size_parameter is not None:
        params[pages.size_parameter] = str(pages.size)
    return params


def _next(pages: Pagination, answer: Answer, at: str | None, params: Mapping[str, str]) -> _Step | None:
    if pages.kind == "link":
        links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
        url = next((link["url"] for link in links if "next" in link.get("rel", "").split()), None)
        return _Step({}, url) if url else None
    document = _parsed(answer)
    if pages.kind in ("cursor", "url"):
        found = find_path(document, pages.next or "next")
        if found in (None, "", False):
            return None
        return _Step({}, str(found)) if pages.kind == "url" else _Step({pages.parameter or "cursor": str(found)})
    count = len(records_of(document, at))
    if count < (pages.size or 1):
        return None
    name = pages.parameter or pages.kind
    return _Step({name: str(int(params[name]) + (1 if pages.kind == "page" else count))})


def _endless(request: ExtractRequest, why: str) -> TerminalError:
    return TerminalError(
        "DF-HTTP-004", f"the read of `{request.options['path']}` does not end: {why}", place=Place(node=request.node),
        hint="Check `pagination` against what the service documents.",
    )  # fmt: skip


def _payload(rows: list[dict[str, Any]], body: str, node: str) -> bytes:
    try:
        texts = [to_json(row) for row in rows]
    except JsonError as exc:
        raise TerminalError("DF-RUN-024", f"a row cannot be sent: {exc}", place=Place(node=node)) from None
    return ("\n".join(texts) + "\n" if body == "lines" else f"[{','.join(texts)}]").encode()
