"""One failed try to its diagnosis: the log that Airflow reads, the text that ran, and a model where one is asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from airflow.models.log import Log
from airflow.models.xcom import XComModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.ai.cache import FileCache
from dataflow_provider.ai.models import open_model
from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.failure_history import load_history
from dataflow_provider.api.looks import project_of
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.task_logs import find_try, read_log_end
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.diagnosis.context import Attempt, History
from dataflow_provider.diagnosis.report import Adviser, Diagnosis, diagnose, find_node
from dataflow_provider.diagnosis.taxonomy import UNKNOWN
from dataflow_provider.errors import DataflowError
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.runs.diagnoses import FailedTry, Made
from dataflow_provider.runs.past_failures import KeptFailures
from dataflow_provider.runs.xcoms import ERROR_XCOM, FAILURE_XCOM
from dataflow_provider.settings import Settings
from dataflow_provider.spec.edit import text_hash
from dataflow_provider.spec.loader import Loaded, parse_pipeline
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

SURE = 0.75
"""A cause named so surely by the signatures is not asked about by itself."""


ENDED_BY_AIRFLOW = ("heartbeat timeout", "stuck in queued tries exceeded", "state mismatch")
"""Events of Airflow's audit log in which the scheduler ends a try; the log of the try says nothing of them."""


@dataclass(frozen=True)
class Material:
    """What a diagnosis is made of; `ran` is the pipeline's text in the version that ran, None when it is lost."""

    failed: FailedTry
    log: str
    ran: Loaded | None
    project: Project
    history: History | None = None


def load_material(session: Session, pipeline_id: str, run_id: str, stage_id: str, try_number: int) -> Material:
    """Return what is known of a try's failure; without a readable log, the error that the task has left.

    Raises:
        ProblemError: 404, DF-API-404, when there is no such try.
    """
    task = find_try(session, pipeline_id, run_id, stage_id, try_number)
    if task is None:
        detail = f"The stage `{stage_id}` has no try {try_number} in the run `{run_id}`."
        raise ProblemError(404, "DF-API-404", detail, "It may not have started yet.")
    definition = load_definition(session, pipeline_id, task.dag_version_id) if task.dag_version_id else None
    definition = definition or load_definition(session, pipeline_id)
    failed = FailedTry(pipeline_id, run_id, stage_id, try_number, task.end_date or task.updated_at)
    log = _with_left(read_log_end(task, try_number), _left(session, failed)) + _ended_by_airflow(session, failed)
    ran = None if definition is None else parse_pipeline(definition.text, definition.file)
    history = load_history(session, failed, None if ran is None else ran.text)
    session.rollback()  # nothing is held open while a model is asked
    return Material(failed, log, ran, project_of(pipeline_id), history)


def _left(session: Session, failed: FailedTry) -> str:
    """Return what the task itself told of its end; of an earlier try nothing is left."""
    rows = session.execute(
        select(XComModel.key, XComModel.value).where(
            XComModel.dag_id == failed.pipeline_id, XComModel.run_id == failed.run_id,
            XComModel.task_id == failed.stage_id, XComModel.key.in_((ERROR_XCOM, FAILURE_XCOM)),
        )
    )  # fmt: skip
    left: dict[str, Any] = {row.key: row.value for row in rows}
    failure = left.get(FAILURE_XCOM)
    if isinstance(failure, dict) and failure.get("try_number") == failed.try_number:
        return str(failure.get("error", ""))
    return str(left.get(ERROR_XCOM) or "")


def _ended_by_airflow(session: Session, failed: FailedTry) -> str:
    """Return the scheduler's own words as lines of a log, where it ended the try: its worker could not write any."""
    rows = session.execute(
        select(Log.dttm, Log.event, Log.extra)
        .where(
            Log.dag_id == failed.pipeline_id, Log.run_id == failed.run_id, Log.task_id == failed.stage_id,
            Log.try_number == failed.try_number, Log.event.in_(ENDED_BY_AIRFLOW),
        )
        .order_by(Log.id)
    )  # fmt: skip
    return "".join(f"{row.dttm:%Y-%m-%dT%H:%M:%SZ} [error    ] {row.event}: {row.extra} [scheduler]\n" for row in rows)


def _with_left(log: str, left: str) -> str:
    """A log that tells the error already is left as it is."""
    first = next((line for line in reversed(left.splitlines()) if line.strip()), "")
    return log if not first or first.strip()[:200] in log else f"{log}{left}\n"


def diagnose_material(material: Material, model: str | None) -> Diagnosis:
    """Return the diagnosis; a model of that connection is asked where one is named, and what fails of it is a note.

    Raises:
        DataflowError: when the connection of the model cannot be used.
    """
    failed, ran = material.failed, material.ran
    node = find_node(material.log, ran)
    if node is None and ran is not None and ran.pipeline is not None and failed.stage_id in ran.pipeline.nodes:
        node = failed.stage_id
    return diagnose(
        material.log,
        ran,
        node,
        project=material.project,
        attempt=Attempt(failed.run_id, failed.stage_id, failed.try_number),
        adviser=None if model is None else _adviser(model, material.project),
        past=KeptFailures(failed.pipeline_id, failed.failed_at),
        history=material.history,
    )


def _adviser(model: str, project: Project) -> Adviser:
    connections = connections_of_workspace(
        EnvironmentConnections(project.warehouse, fallback=AirflowDatabase(), one_process=False), project
    )
    return Adviser(open_model(connections.get(model)), FileCache.of(project))


def diagnose_by_itself(session: Session, failed: FailedTry) -> Made:
    """Return the diagnosis that is made without anybody asking; a model only where the signatures leave it open."""
    material = load_material(session, failed.pipeline_id, failed.run_id, failed.stage_id, failed.try_number)
    found = diagnose_material(material, None)
    model = Settings.load().diagnosis_model
    if model and (found.root_cause == UNKNOWN or found.confidence < SURE):
        try:
            found = diagnose_material(material, model)
        except DataflowError as error:
            logger.warning("the model `%s` was not asked: %s", model, error)
    # A log that is carried away only when the task has ended may say more in a moment.
    return made_of(found, material, is_final=found.root_cause != UNKNOWN)


def made_of(found: Diagnosis, material: Material, *, is_final: bool = True) -> Made:
    """Return the diagnosis in the form it is kept in, with the changes that its actions make."""
    document = found.to_json() | {"changes": [vars(action.change) for action in found.actions]}
    return Made(
        document=document,
        root_cause=found.root_cause,
        confidence=found.confidence,
        node_id=found.node,
        text_hash=None if material.ran is None else text_hash(material.ran.text),
        is_final=is_final,
    )
