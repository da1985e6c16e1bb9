"""What holds for every request: writes come from our own pages and carry JSON, answers carry security headers.

Airflow has no CSRF token; a browser tells the page a write comes from, and cannot send JSON from a foreign form.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dataflow_provider.api.paths import base_origin
from dataflow_provider.api.problems import problem_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NO_STORE = "no-store"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Shown in an iframe of Airflow, which is the same origin, and in no other.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
}


class RequestGuard:
    """ASGI middleware in front of all our routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", NO_STORE)
            await send(message)

        refusal = refuse_write(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)


def refuse_write(method: str, headers: Headers) -> ASGIApp | None:
    """Return the answer to a write that must not go on; None when it may."""
    if method in SAFE_METHODS:
        return None
    if not _is_json(headers):
        return problem_response(
            415, "DF-API-415", f"The body is `{headers['content-type']}`; only JSON is taken.",
            "Send `Content-Type: application/json`.",
        )  # fmt: skip
    # Without cookies nothing is sent that the caller did not put there on purpose.
    ambient = "cookie" in headers and ("authorization" not in headers or "origin" in headers)
    if ambient and not is_own_origin(headers):
        shown = headers.get("origin", "")
        return problem_response(
            403, "DF-API-007", f"The request comes from `{shown}`, which is not this server." if shown
            else "A request with the session cookie must carry the header `Origin`.",
            "Programs send a bearer token instead of the cookie.",
        )  # fmt: skip
    return None


def is_own_origin(headers: Headers) -> bool:
    """Return whether the `Origin` header names this server: the host asked for, or that of `api.base_url`."""
    origin = headers.get("origin", "").lower()
    return bool(origin) and (urlsplit(origin).netloc == headers.get("host", "").lower() or origin == base_origin())


def _is_json(headers: Headers) -> bool:
    kind = headers.get("content-type")
    return kind is None or kind.partition(";")[0].strip().lower() == "application/json"
