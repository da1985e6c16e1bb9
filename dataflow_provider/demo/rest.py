"""A small client of Airflow's REST API: logs in as one user, sends JSON, raises what the server refuses."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from dataflow_provider.errors import TerminalError, TransientError

TIMEOUT_S = 90.0
"""Longer than a request waits for the SQLite metadata (`environment.METADATA_WAIT_S`): a busy server is no dead one."""
REPEATABLE = ("GET", "PATCH")
"""Methods that may be sent again, since a second time changes nothing more."""
TRIES = 5
PAUSE_S = 1.0


class RestError(TerminalError):
    """The server answered with an error; `status` is the HTTP status."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        self.status = status
        super().__init__("DF-DEMO-020", f"`{method} {path}` was answered with status `{status}`: {body[:500]}")


class AirflowRest:
    """Calls as one user; the token is fetched at the first call that needs it."""

    def __init__(self, url: str, user: str, password: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._login = {"username": user, "password": password}
        self._token: str | None = None

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Mapping[str, Any], *, is_repeatable: bool = False) -> Any:
        return self.call("POST", path, body, is_repeatable=is_repeatable)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self.call("PATCH", path, body)

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, is_repeatable: bool = False
    ) -> Any:
        """Return the decoded JSON answer, None when it is empty.

        A call that may be repeated is, when the server fails at it: its SQLite refuses a writer at once whose view is
        older than another's change, however long it may wait for a lock.

        Raises:
            RestError: for a status of 400 or more.
            TransientError: when nobody answers.
        """
        again = TRIES - 1 if is_repeatable or method in REPEATABLE else 0
        for _ in range(again):
            try:
                return self._call_once(method, path, body)
            except RestError as error:
                if error.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                time.sleep(PAUSE_S)
        return self._call_once(method, path, body)

    def _call_once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        if self._token is None:
            self._token = str(self._send("POST", "/auth/token", self._login, {})["access_token"])
        return self._send(method, path, body, {"Authorization": f"Bearer {self._token}"})

    def call_anonymous(self, method: str, path: str) -> Any:
        """The same without a login."""
        return self._send(method, path, None, {})

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, body=text, headers={"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            content = answer.read().decode("utf-8", errors="replace")
        except (OSError, http.client.HTTPException) as exc:
            raise TransientError(
                "DF-DEMO-021", f"Airflow at `{self._host}:{self._port}` does not answer: {exc}"
            ) from exc
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RestError(method, path, answer.status, content)
        return json.loads(content) if content else None


def path_of(*parts: str) -> str:
    """Return `/api/v2/…` with every part escaped; run ids hold `:` and `+`."""
    return "/".join(("/api/v2", *(quote(part, safe="") for part in parts)))
