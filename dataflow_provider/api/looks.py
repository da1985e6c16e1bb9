"""Rows and profiles of a node for the screen: bounds kept here, the statement stopped when the browser leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from dataflow_provider.api.datamodels import LookBody
from dataflow_provider.api.definitions import load_definition, pipeline_folders
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.connections import Connections, EnvironmentConnections
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.dag_factory.discovery import find_pipeline
from dataflow_provider.errors import DataflowError, EngineError
from dataflow_provider.execution.values import Interval
from dataflow_provider.hooks.connections import project_of_installation
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.preview.cache import MemoryCache, look_key, remembered
from dataflow_provider.preview.pieces import judged_findings
from dataflow_provider.preview.rows import Asked
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.spec.loader import Loaded, parse_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

MOST_AT_ONCE = 8
"""Looks that a server process takes at the same time."""
_ASK_S = 0.2

kept = MemoryCache()
_seats = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True)
class Subject:
    """A pipeline to look into: its text as saved, or as it stands in the caller's editor."""

    loaded: Loaded
    pipeline: Pipeline
    project: Project
    connections: Connections


Answer = Callable[[Subject, Asked, StopSign], dict[str, Any]]


def find_subject(session: Session, pipeline_id: str, node: str, body: LookBody) -> Subject:
    """Return what is looked into.

    An unsaved text keeps what the saved one calls sensitive: nobody sees more by leaving a word out.

    Raises:
        ProblemError: 404 without such a pipeline, 422 when its text has errors that stand in the way.
    """
    definition = load_definition(session, pipeline_id)
    if definition is None:
        raise ProblemError(404, "DF-API-404", f"There is no pipeline `{pipeline_id}`.", "It may have been removed.")
    loaded = parse_pipeline(definition.text if body.yaml is None else body.yaml, definition.file)
    if loaded.pipeline is not None and loaded.pipeline.id != pipeline_id:
        raise ProblemError(
            422, "DF-API-017", f"The text is that of `{loaded.pipeline.id}`, and `{pipeline_id}` was asked for.",
            "Send the text of the pipeline in the path.",
        )  # fmt: skip
    pipeline = loaded.pipeline
    hindering = loaded.findings if pipeline is None else judged_findings(pipeline, node, loaded.findings)
    if pipeline is None or hindering:
        first = next(iter(hindering))
        raise ProblemError(422, first.code, f"{first.line}:{first.column}: {first.message}", first.hint)
    if body.yaml is not None and definition.pipeline is not None:
        pipeline = _as_sensitive(pipeline, definition.pipeline)
    project = project_of(pipeline_id)
    connections = EnvironmentConnections(project.warehouse, fallback=AirflowDatabase(), one_process=False)
    return Subject(loaded, pipeline, project, connections_of_workspace(connections, project))


def project_of(pipeline_id: str) -> Project:
    """Return the project of a pipeline's file; of the installation where the server does not see the file."""
    files = [file for folder in pipeline_folders() for file in find_pipeline(folder, pipeline_id)]
    return Project.of(Path(files[0].origin.path)) if len(files) == 1 else project_of_installation()


def _as_sensitive(pipeline: Pipeline, saved: Pipeline) -> Pipeline:
    nodes = {
        name: node.model_copy(
            update={"sensitive": tuple(dict.fromkeys((*node.sensitive, *saved.nodes[name].sensitive)))}
        )
        if name in saved.nodes
        else node
        for name, node in pipeline.nodes.items()
    }
    return pipeline.model_copy(update={"nodes": nodes})


async def look(
    request: Request,
    kind: str,
    subject: Subject,
    asked: Asked,
    body: LookBody,
    size: int,
    answer: Answer,
    *,
    reveal: bool,
) -> dict[str, Any]:
    """Return an answer of a moment ago, or look; the caller's leaving stops the statement in its database.

    Raises:
        ProblemError: 422 for what cannot be shown, 429 when too many look, 504 when the time is over.
    """
    if not _seats.acquire(blocking=False):
        raise ProblemError(
            429, "DF-API-429", f"{MOST_AT_ONCE} looks are under way on this server.", "Wait a moment, then try again."
        )
    sign = StopSign(body.timeout_s)
    try:
        work = asyncio.ensure_future(
            run_in_threadpool(_answered, kind, subject, asked, body, size, answer, sign, reveal)
        )
        while not (await asyncio.wait({work}, timeout=_ASK_S))[0]:
            if await request.is_disconnected():
                sign.stop()
        return work.result()
    finally:
        sign.stop()
        _seats.release()


def _answered(
    kind: str,
    subject: Subject,
    asked: Asked,
    body: LookBody,
    size: int,
    answer: Answer,
    sign: StopSign,
    reveal: bool,
) -> dict[str, Any]:
    # What shows sensitive values is never kept.
    key = None if reveal else look_key(kind, subject.pipeline, asked, subject.connections, subject.project, size)
    try:
        return remembered(kept, key, lambda: answer(subject, asked, sign), refresh=body.refresh)
    except CompileError as error:
        found = [subject.loaded.finding(one) for one in error.problems]
        told = "; ".join(f"{one.line}:{one.column}: {one.message}" for one in found)
        raise ProblemError(422, error.code, told, error.hint) from error
    except DataflowError as error:
        status = 504 if error.code in ("DF-PREVIEW-004", "DF-PREVIEW-005") else 422
        hint = "Look at a node before the join or aggregate, or filter earlier." if status == 504 else error.hint
        if isinstance(error, EngineError) or status == 422:
            raise ProblemError(status, error.code, error.message, hint) from error
        raise


def asked_of(node: str, body: LookBody) -> Asked:
    """Return what is asked for.

    Raises:
        ProblemError: 422, `DF-API-015`, for half an interval.
    """
    interval: Interval | None = None
    if (body.interval_start is None) != (body.interval_end is None):
        raise ProblemError(422, "DF-API-015", "Only one bound of the interval is given.", "Give both, or neither.")
    if body.interval_start is not None and body.interval_end is not None:
        interval = (body.interval_start, body.interval_end)
    params: Mapping[str, object] = body.params
    return Asked(node if body.port is None else f"{node}.{body.port}", params, interval)
