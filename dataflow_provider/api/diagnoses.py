"""Why a stage failed, from the log that Airflow reads for the caller; and a chosen fix, written into the file."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from airflow.models.log import Log
from fastapi import Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from dataflow_provider.ai.cache import FileCache
from dataflow_provider.ai.models import open_model
from dataflow_provider.api.auth import Caller
from dataflow_provider.api.datamodels import LogLine
from dataflow_provider.api.definitions import load_definition, pipeline_folders
from dataflow_provider.api.diagnosis_bodies import AppliedFix, ApplyFix, StageDiagnosis
from dataflow_provider.api.looks import project_of
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.stage_logs import read_stage_log
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.dag_factory.discovery import find_pipeline
from dataflow_provider.diagnosis.context import Attempt
from dataflow_provider.diagnosis.patches import apply_patch
from dataflow_provider.diagnosis.report import Adviser, Diagnosis, diagnose, find_node, remember
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.spec.edit import text_hash, write_guarded
from dataflow_provider.spec.loader import Loaded, parse_pipeline
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

MAX_PAGES = 50
MAX_CHARACTERS = 2_000_000


async def read_whole_log(request: Request, pipeline_id: str, run_id: str, stage_id: str, try_number: int) -> str:
    """Return the end of a try's log as text, read with the caller's own credentials."""
    kept: list[str] = []
    size, token = 0, None
    for _ in range(MAX_PAGES):
        page = await read_stage_log(request, pipeline_id, run_id, stage_id, try_number, token)
        for line in page.lines:
            kept.append(_text(line))
            size += len(kept[-1]) + 1
        while size > MAX_CHARACTERS and len(kept) > 1:
            size -= len(kept.pop(0)) + 1
        if page.done or not page.lines:
            break
        token = page.token
    return "\n".join(kept) + "\n"


def _text(line: LogLine) -> str:
    """Return the line as Airflow prints it, which the diagnosis reads."""
    if line.time is None:
        return line.message
    logger_ = f" [{line.logger}]" if line.logger else ""
    return f"{line.time.isoformat()} [{line.level or 'info':8}] {line.message}{logger_}"


def find_loaded(session: Session, pipeline_id: str) -> Loaded:
    """Return the pipeline's newest valid text.

    Raises:
        ProblemError: 404 when there is none.
    """
    definition = load_definition(session, pipeline_id)
    if definition is None:
        raise ProblemError(404, "DF-API-404", f"There is no pipeline `{pipeline_id}`.", "It may have been removed.")
    return parse_pipeline(definition.text, definition.file)


async def diagnose_stage(
    log: str, loaded: Loaded, pipeline_id: str, attempt: Attempt, model: str | None = None, *, is_kept: bool = True
) -> Diagnosis:
    """Return the diagnosis; a model is asked in a thread of its own, and what fails of it is a note.

    Unless it `is_kept`, nothing is written.

    Raises:
        ProblemError: 422 when the connection of the model cannot be used.
    """
    project = project_of(pipeline_id)
    node = attempt.stage if loaded.pipeline is not None and attempt.stage in loaded.pipeline.nodes else None

    def work() -> Diagnosis:
        adviser = None if model is None else _adviser(model, project)
        named = find_node(log, loaded) or node
        found = diagnose(log, loaded, named, project=project, attempt=attempt, adviser=adviser)
        if is_kept:
            remember(found, loaded, project, attempt)
        return found

    try:
        return await run_in_threadpool(work)
    except DataflowError as error:
        raise ProblemError(422, error.code, error.message, error.hint) from error


def _adviser(model: str, project: Project) -> Adviser:
    connections = connections_of_workspace(
        EnvironmentConnections(project.warehouse, fallback=AirflowDatabase(), one_process=False), project
    )
    return Adviser(open_model(connections.get(model)), FileCache.of(project))


def told(diagnosis: Diagnosis, loaded: Loaded) -> StageDiagnosis:
    """Return the diagnosis as the API tells it."""
    document = diagnosis.to_json()
    actions = [{"number": number, **action} for number, action in enumerate(document.pop("actions"), 1)]
    return StageDiagnosis.model_validate(
        json.loads(json.dumps({**document, "actions": actions, "text_hash": text_hash(loaded.text)}, default=str))
    )


# ---------------------------------------------------------------- fixes


def apply_fix(
    session: Session, caller: Caller, pipeline_id: str, loaded: Loaded, diagnosis: Diagnosis, fix: ApplyFix
) -> AppliedFix:
    """The file holds the change of the chosen action; who did it stands in Airflow's audit log.

    Raises:
        ProblemError: 409 when the text is not the one the diagnosis was made for, or the file is not this server's to
            write; 422 when the action is no change of the file.
    """
    if text_hash(loaded.text) != fix.text_hash:
        raise ProblemError(409, "DF-API-031", "The pipeline was edited since the diagnosis.", "Ask for it again.")
    chosen = diagnosis.actions[fix.action - 1] if fix.action <= len(diagnosis.actions) else None
    changed = None if chosen is None or chosen.patch is None else apply_patch(chosen.change, loaded)
    if chosen is None or chosen.patch is None or changed is None:
        raise ProblemError(422, "DF-API-032", f"Action {fix.action} is no change of the pipeline's file.")
    files = [file for folder in pipeline_folders() for file in find_pipeline(folder, pipeline_id)]
    if len(files) != 1:
        raise ProblemError(
            409, "DF-API-033", f"The file of `{pipeline_id}` is not in a folder that this server writes to.",
            "Apply the patch in the repository that the pipeline comes from.",
        )  # fmt: skip
    try:
        write_guarded(Path(files[0].origin.path), text_hash(loaded.text), changed)
    except AuthorError as error:
        raise ProblemError(409, error.code, error.message, error.hint) from error
    session.add(
        Log(
            event="dataflow.fix",
            owner=caller.username,
            owner_display_name=caller.username,
            dag_id=pipeline_id,
            run_id=fix.run_id,
            extra=json.dumps({"kind": chosen.kind, "root_cause": diagnosis.root_cause}),
        )
    )
    return AppliedFix(pipeline=pipeline_id, patch=chosen.patch, text_hash=text_hash(changed))
