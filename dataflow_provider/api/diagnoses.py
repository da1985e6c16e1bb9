"""Why a stage failed, as it is kept or made on demand; and a chosen fix, written into the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.models.log import Log
from sqlalchemy.orm import Session

from dataflow_provider.api.auth import Caller
from dataflow_provider.api.definitions import load_definition, pipeline_folders
from dataflow_provider.api.diagnosing import diagnose_material, load_material, made_of
from dataflow_provider.api.diagnosis_bodies import AppliedFix, ApplyFix, StageDiagnosis
from dataflow_provider.api.diagnosis_feedback import sum_up
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.dag_factory.discovery import find_pipeline
from dataflow_provider.db.tables import DiagnosisRecord, has_tables
from dataflow_provider.diagnosis.context import Attempt
from dataflow_provider.diagnosis.patches import Patch, apply_patch, patch_of
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.runs.diagnoses import attempt_key, find_diagnosis, keep
from dataflow_provider.runs.lease import utc_now
from dataflow_provider.runs.past_failures import FIX_EVENT, KeptFailures
from dataflow_provider.settings import Settings
from dataflow_provider.spec.edit import text_hash, write_guarded
from dataflow_provider.spec.loader import Loaded, parse_pipeline


def find_loaded(session: Session, pipeline_id: str) -> Loaded:
    """Return the pipeline's newest valid text, which patches are for.

    Raises:
        ProblemError: 404 when there is none.
    """
    definition = load_definition(session, pipeline_id)
    if definition is None:
        raise ProblemError(404, "DF-API-404", f"There is no pipeline `{pipeline_id}`.", "It may have been removed.")
    return parse_pipeline(definition.text, definition.file)


def find_kept(session: Session, pipeline_id: str, attempt: Attempt) -> DiagnosisRecord | None:
    """Return the record of a try's diagnosis; None where none was kept, or the tables are not made yet."""
    if not has_tables(session):
        return None
    record = find_diagnosis(session, attempt_key(pipeline_id, attempt.run, attempt.stage, attempt.number))
    return record if record is not None and record.document is not None else None


def document_of(
    session: Session, pipeline_id: str, attempt: Attempt
) -> tuple[Mapping[str, Any], DiagnosisRecord | None]:
    """Return the kept diagnosis of a try, else one that signatures make now and nobody keeps.

    Raises:
        ProblemError: 404 when there is no such try.
    """
    record = find_kept(session, pipeline_id, attempt)
    if record is not None and record.document is not None:
        return record.document, record
    material = load_material(session, pipeline_id, attempt.run, attempt.stage, attempt.number)
    return made_of(diagnose_material(material, None), material).document, None


def diagnose_again(session: Session, pipeline_id: str, attempt: Attempt, model: str | None) -> None:
    """The kept diagnosis of a try is a new one, with a model's opinion where one is named or configured.

    Raises:
        ProblemError: 404 when there is no such try, 422 when the connection of the model cannot be used.
    """
    material = load_material(session, pipeline_id, attempt.run, attempt.stage, attempt.number)
    try:
        found = diagnose_material(material, model or Settings.load().diagnosis_model or None)
    except DataflowError as error:
        raise ProblemError(422, error.code, error.message, error.hint) from error
    if has_tables(session):
        keep(session, material.failed, made_of(found, material), utc_now())
        session.commit()


def told(
    session: Session,
    caller: Caller,
    document: Mapping[str, Any],
    newest: Loaded,
    attempt: Attempt,
    record: DiagnosisRecord | None,
) -> StageDiagnosis:
    """Return the diagnosis as the API tells it: patches are for the newest text, whichever version ran."""
    changes = [Patch(**change) for change in document["changes"]]
    actions = [
        {"number": number, **action, "patch": patch_of(change, newest)}
        for number, (action, change) in enumerate(zip(document["actions"], changes, strict=True), 1)
    ]
    context = document.get("context")
    if context is not None and record is not None:
        similar = KeptFailures(record.pipeline_id, record.failed_at).similar(document["root_cause"], attempt)
        context = {**context, "similar": [one.to_json() for one in similar]}
    shown = {name: value for name, value in document.items() if name != "changes"}
    return StageDiagnosis.model_validate(
        json.loads(
            json.dumps(
                {
                    **shown,
                    "context": context,
                    "actions": actions,
                    "text_hash": text_hash(newest.text),
                    "ran_text": None if record is None else record.text_hash == text_hash(newest.text),
                    "made_at": None if record is None or record.made_at is None else record.made_at.isoformat(),
                    "feedback": None if record is None else sum_up(session, caller, record).model_dump(mode="json"),
                    "model_connection": Settings.load().diagnosis_model or None,
                },
                default=str,
            )
        )
    )


# ---------------------------------------------------------------- fixes


def apply_fix(
    session: Session, caller: Caller, pipeline_id: str, loaded: Loaded, document: Mapping[str, Any], fix: ApplyFix
) -> AppliedFix:
    """The file holds the change of the chosen action; who did it stands in Airflow's audit log.

    Raises:
        ProblemError: 409 when the text is not the one the diagnosis was made for, or the file is not this server's to
            write; 422 when the action is no change of the file.
    """
    if text_hash(loaded.text) != fix.text_hash:
        raise ProblemError(409, "DF-API-031", "The pipeline was edited since the diagnosis.", "Ask for it again.")
    changes = document["changes"]
    chosen = Patch(**changes[fix.action - 1]) if fix.action <= len(changes) else None
    patch = None if chosen is None else patch_of(chosen, loaded)
    changed = None if chosen is None or patch is None else apply_patch(chosen, loaded)
    if chosen is None or patch is None or changed is None:
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
            event=FIX_EVENT,
            owner=caller.username,
            owner_display_name=caller.username,
            dag_id=pipeline_id,
            run_id=fix.run_id,
            extra=json.dumps({"kind": chosen.kind, "root_cause": document["root_cause"]}),
        )
    )
    return AppliedFix(pipeline=pipeline_id, patch=patch, text_hash=text_hash(changed))
