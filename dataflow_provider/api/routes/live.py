"""Sockets: the live document of a run, and the live states of the list.

A browser sends a socket's cookies whatever page opens it, so the page's origin is checked here. Refusals are close
codes, since a browser hides the status of a refused handshake: 4401 not signed in, 4403 not allowed, 4404 no such run.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Literal

import anyio
from airflow.utils.session import create_session
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from dataflow_provider.api.auth import Caller, caller_of_cookie, require_readable
from dataflow_provider.api.catalog import Listing, load_all, readable_ids
from dataflow_provider.api.datamodels import PipelinesEvent, PipelineStatus, RunDocument, RunEvent
from dataflow_provider.api.guard import is_own_origin
from dataflow_provider.api.live import LiveValues, WatchLostError
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.run_documents import load_run_document, redact_document
from dataflow_provider.security import Right

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/ws")

RUN_INTERVAL_S = 0.4
LIST_INTERVAL_S = 2.0
RECHECK_S = 30.0
"""After this long the session and the rights behind a socket are looked at again."""

GOING_AWAY = 1001
CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404}

SOCKET_RIGHTS = {"watch_run": Right.VIEW, "watch_pipelines": Right.VIEW}
"""The right behind each socket; their handshake cannot carry the dependency that HTTP routes declare."""

run_watches: LiveValues[RunDocument] = LiveValues(RUN_INTERVAL_S, lambda document: document.is_settled)
list_watches: LiveValues[tuple[Listing, ...]] = LiveValues(LIST_INTERVAL_S)


@router.websocket("/runs/{pipeline_id}/{run_id}")
async def watch_run(socket: WebSocket, pipeline_id: str, run_id: str) -> None:
    """Send the run's document, then again after every change, until the run is over and recorded."""

    async def authorise() -> Caller:
        caller = await _authorise(socket, SOCKET_RIGHTS["watch_run"])
        await run_in_threadpool(require_readable, caller, pipeline_id)
        return caller

    async def talk(caller: Caller) -> None:
        await run_in_threadpool(_read_run, pipeline_id, run_id)  # a run that does not exist closes with 4404
        kind: Literal["snapshot", "change"] = "snapshot"
        async with run_watches.watch((pipeline_id, run_id), lambda: _read_run(pipeline_id, run_id)) as documents:
            async for document in documents:
                shown = redact_document(document, caller.rights)
                event = RunEvent(kind=kind, final=document.is_settled, document=shown)
                await socket.send_text(event.model_dump_json())
                kind = "change"

    await _serve(socket, authorise, talk)


@router.websocket("/pipelines")
async def watch_pipelines(socket: WebSocket) -> None:
    """Send the state of every pipeline the caller may read, then of those that changed."""

    async def talk(caller: Caller) -> None:
        async with list_watches.watch("pipelines", _read_list) as lists:
            async for event in _list_events(caller, lists):
                await socket.send_text(event.model_dump_json())

    await _serve(socket, lambda: _authorise(socket, SOCKET_RIGHTS["watch_pipelines"]), talk)


async def _list_events(caller: Caller, lists: AsyncIterator[tuple[Listing, ...]]) -> AsyncIterator[PipelinesEvent]:
    known: dict[str, PipelineStatus] | None = None
    async for rows in lists:
        readable = await run_in_threadpool(readable_ids, caller, rows)
        now = {row.id: _status(row) for row in rows if row.id in readable}
        if known is None:
            yield PipelinesEvent(kind="snapshot", items=list(now.values()), removed=[])
        else:
            items = [status for key, status in now.items() if known.get(key) != status]
            removed = sorted(known.keys() - now.keys())
            if items or removed:
                yield PipelinesEvent(kind="change", items=items, removed=removed)
        known = now


async def _serve(
    socket: WebSocket, authorise: Callable[[], Awaitable[Caller]], talk: Callable[[Caller], Awaitable[None]]
) -> None:
    """The socket is accepted, served until the talk is over, the client leaves or the session ends, and closed."""
    await socket.accept()
    code, reason = 1000, ""
    try:
        caller = await authorise()
        await _first_of(lambda: talk(caller), lambda: _until_gone(socket), lambda: _until_refused(authorise))
    except ProblemError as problem:
        code, reason = CLOSE_CODES.get(problem.status_code, GOING_AWAY), str(problem.detail)
    except WatchLostError:
        code, reason = GOING_AWAY, "the server cannot read the state now"
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code, reason.encode()[:120].decode(errors="ignore"))


async def _first_of(*jobs: Callable[[], Awaitable[None]]) -> None:
    """Return when the first job ends, the others cancelled.

    Raises:
        ProblemError: when a job refuses the caller.
        WatchLostError: when the state cannot be read.
    """
    refusals: list[Exception] = []

    async def run(job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except (ProblemError, WatchLostError) as refusal:
            refusals.append(refusal)
        except WebSocketDisconnect:
            logger.debug("client left while a message was sent")
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for job in jobs:
            group.start_soon(run, job)
    if refusals:
        raise refusals[0]


async def _until_gone(socket: WebSocket) -> None:
    """End when the client leaves; what it says is not listened to."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _until_refused(authorise: Callable[[], Awaitable[Caller]]) -> None:
    while True:
        await anyio.sleep(RECHECK_S)
        await authorise()


async def _authorise(socket: WebSocket, right: Right) -> Caller:
    if not is_own_origin(socket.headers):
        raise ProblemError(403, "DF-API-007", "The page that opened this socket is not this server's.")
    caller = await caller_of_cookie(socket.cookies)
    caller.require(right)
    return caller


def _read_run(pipeline_id: str, run_id: str) -> RunDocument:
    with create_session() as session:
        return load_run_document(session, pipeline_id, run_id)


def _read_list() -> tuple[Listing, ...]:
    with create_session() as session:
        return tuple(load_all(session))


def _status(row: Listing) -> PipelineStatus:
    return PipelineStatus(id=row.id, state=row.state, is_paused=row.is_paused, last_run=row.last_run)
