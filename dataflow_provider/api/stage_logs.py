"""The log of a stage, through Airflow's own public API in this process: any log handler of the installation works."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import Request

from dataflow_provider.api.datamodels import LogLine, LogPage
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.shim import ROOT_APP

PASSED_ON = ("authorization", "cookie")


async def read_stage_log(
    request: Request, pipeline_id: str, run_id: str, stage_id: str, try_number: int, token: str | None
) -> LogPage:
    """Return the next part of a try's log, read with the caller's own credentials.

    Raises:
        ProblemError: 404 when there is no such try, 502 when Airflow cannot read the log.
    """
    place = "/".join(quote(part, safe="") for part in (pipeline_id, "dagRuns", run_id, "taskInstances", stage_id))
    headers = {name: value for name in PASSED_ON if (value := request.headers.get(name)) is not None}
    transport = httpx.ASGITransport(app=request.scope[ROOT_APP])
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow.invalid") as client:
        answer = await client.get(
            f"/api/v2/dags/{place}/logs/{try_number}",
            params={"token": token} if token else {},
            headers={**headers, "accept": "application/json"},
        )
    if answer.status_code == httpx.codes.NOT_FOUND:
        detail = f"The stage `{stage_id}` has no try {try_number} in the run `{run_id}`."
        raise ProblemError(404, "DF-API-404", detail, "It may not have started yet.")
    if answer.status_code != httpx.codes.OK:
        raise ProblemError(502, "DF-API-016", f"Airflow answered {answer.status_code} when asked for the log.")
    return build_log_page(try_number, answer.json())


def build_log_page(try_number: int, body: Mapping[str, Any]) -> LogPage:
    """Return Airflow's answer as lines; group marks are left out, an error's trace stands below its line."""
    lines: list[LogLine] = []
    for entry in body.get("content") or ():
        lines += _lines(entry)
    token = body.get("continuation_token")
    return LogPage(try_number=try_number, lines=lines, token=token, done=token is None)


def _lines(entry: object) -> list[LogLine]:
    if isinstance(entry, str):
        return [LogLine(time=None, level=None, logger=None, message=entry)]
    if not isinstance(entry, dict):
        return []
    message = str(entry.get("event", ""))
    if message.startswith(("::group::", "::endgroup::")):
        return []
    time, level, logger = _moment(entry.get("timestamp")), entry.get("level"), entry.get("logger")
    texts = [message, *_trace(entry.get("error_detail"))]
    return [LogLine(time=time, level=level, logger=logger, message=text) for text in texts]


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _trace(detail: object) -> list[str]:
    """Return the exceptions of a logged error, outermost first, each as a line with where it was raised."""
    lines = []
    for error in detail if isinstance(detail, list) else ():
        lines.append(f"{error.get('exc_type', '')}: {error.get('exc_value', '')}")
        frames = error.get("frames") or ()
        lines += [f"  {frame.get('filename')}:{frame.get('lineno')} in {frame.get('name')}" for frame in frames]
    return lines
