"""What people order of runs: start, cancel, pause. Airflow carries it out, and its audit log keeps who did."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time

from airflow.models.dag import DagModel
from airflow.models.log import Log
from sqlalchemy.orm import Session

from dataflow_provider.airflow_compat import RunOrder, create_manual_run, fail_run
from dataflow_provider.airflow_compat import resume_run as clear_missing
from dataflow_provider.api.auth import Caller
from dataflow_provider.api.catalog import Listing
from dataflow_provider.api.datamodels import ParamValue, PipelineState, Run, StartRun
from dataflow_provider.api.definitions import Definition
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.run_documents import (
    RESUMABLE,
    find_edited,
    find_run,
    has_checkpoint,
    is_over,
    load_attempts,
)
from dataflow_provider.security import Right
from dataflow_provider.spec.models import Param


def order_run(session: Session, caller: Caller, row: Listing, definition: Definition | None, body: StartRun) -> Run:
    """A queued run exists; return it.

    Raises:
        ProblemError: 409 for a broken or paused pipeline, 422 for values that do not fit, 403 for a forbidden unpause.
    """
    params = check_params(definition.pipeline.params if definition and definition.pipeline else {}, body.params)
    start, end = check_interval(body.interval_start, body.interval_end)
    _require_runnable(session, caller, row, unpause=body.unpause)
    order = RunOrder(row.id, caller.user.get_id(), caller.username, params, body.note, start, end)
    try:
        run_id = create_manual_run(session, order)
    except LookupError as exc:
        raise _broken(row.id) from exc
    except ValueError as exc:
        raise ProblemError(422, "DF-API-012", f"Airflow refuses the run: {exc}") from exc
    record_order(session, caller, "dataflow.run", row.id, run_id, {"params": sorted(params)})
    session.flush()
    return find_run(session, row.id, run_id)


def cancel_run(session: Session, caller: Caller, pipeline_id: str, run_id: str) -> None:
    """The run has failed and its stages are being stopped.

    Raises:
        ProblemError: 404 when there is no such run, 409 when it is over.
    """
    run = find_run(session, pipeline_id, run_id)
    if is_over(run):
        raise ProblemError(409, "DF-API-013", f"The run `{run_id}` is over (`{run.state}`); nothing is left to cancel.")
    try:
        fail_run(session, pipeline_id, run_id)
    except LookupError as exc:
        raise ProblemError(409, "DF-API-014", f"The Dag version of the run `{run_id}` is gone from Airflow.") from exc
    record_order(session, caller, "dataflow.cancel", pipeline_id, run_id, {})
    session.flush()


def resume_run(session: Session, caller: Caller, pipeline_id: str, run_id: str, *, on_latest_version: bool) -> None:
    """What failed in the run, and all behind it, is queued again; stages that are done stay as they are.

    On the latest version those that were edited since they were done are done again, too.

    Raises:
        ProblemError: 404 when there is no such run, 409 when it did not fail or no stage of it is done.
    """
    run = find_run(session, pipeline_id, run_id)
    if not has_checkpoint(run, load_attempts(session, pipeline_id, run_id)):
        why = "no stage of it is done" if run.state in RESUMABLE else f"it is `{run.state}`, not failed"
        raise ProblemError(
            409, "DF-API-024", f"The run `{run_id}` has no checkpoint to go on from: {why}.", "Start a new run."
        )
    try:
        edited = find_edited(session, pipeline_id, run_id) if on_latest_version else ()
        stages = clear_missing(session, pipeline_id, run_id, on_latest_version=on_latest_version, also=edited)
    except LookupError as exc:
        raise ProblemError(409, "DF-API-014", f"The Dag version of the run `{run_id}` is gone from Airflow.") from exc
    record_order(session, caller, "dataflow.resume", pipeline_id, run_id, {"stages": stages})
    session.flush()


def pause_pipeline(session: Session, caller: Caller, row: Listing, *, is_paused: bool) -> None:
    """Airflow's scheduler leaves the pipeline alone, or takes it up again.

    Raises:
        ProblemError: 409, DF-API-010, for a broken file that has no Dag.
    """
    dag = session.get(DagModel, row.id)
    if dag is None:
        raise _broken(row.id)
    if dag.is_paused != is_paused:
        dag.is_paused = is_paused
        record_order(session, caller, "dataflow.pause" if is_paused else "dataflow.unpause", row.id, None, {})
        session.flush()


def check_params(declared: Mapping[str, Param], given: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """Return the given values; what is left out takes its default in the run.

    Raises:
        ProblemError: 422, DF-API-011, naming every value that does not fit.
    """
    faults = [f"`{name}` is no parameter of this pipeline" for name in given if name not in declared]
    for name, param in declared.items():
        if name not in given:
            faults += [f"`{name}` needs a value of type {param.type}"] if param.default is None else []
        elif given[name] is None:
            faults.append(f"`{name}` may not be empty")
        elif not _FITS[param.type](given[name]):
            faults.append(f"`{name}` is {json.dumps(given[name])}, which is no {_WORDS[param.type]}")
    if faults:
        names = ", ".join(f"`{name}` ({param.type})" for name, param in declared.items())
        hint = f"The parameters are {names}." if names else "The pipeline has no parameters."
        raise ProblemError(422, "DF-API-011", "; ".join(faults) + ".", hint)
    return dict(given)


def check_interval(
    start: datetime | date | None, end: datetime | date | None
) -> tuple[datetime | None, datetime | None]:
    """Return both ends as moments; a time without a zone is UTC, a date its midnight.

    Raises:
        ProblemError: 422, DF-API-015, for one end alone and for an end that is not after the start.
    """
    if (start is None) != (end is None):
        raise ProblemError(422, "DF-API-015", "An interval has two ends: give both or none.")
    first, last = _moment(start), _moment(end)
    if first and last and last <= first:
        raise ProblemError(422, "DF-API-015", f"The interval ends at `{last}`, not after its start `{first}`.")
    return first, last


def _require_runnable(session: Session, caller: Caller, row: Listing, *, unpause: bool) -> None:
    if row.state is PipelineState.INVALID:
        raise _broken(row.id)
    if not row.is_paused:
        return
    if not unpause:
        raise ProblemError(
            409,
            "DF-API-009",
            f"The pipeline `{row.id}` is paused: a run would wait for ever.",
            "Unpause it first, or send `unpause: true`; both need the right `edit`.",
        )
    caller.require(Right.EDIT)
    pause_pipeline(session, caller, row, is_paused=False)


def _broken(pipeline_id: str) -> ProblemError:
    return ProblemError(
        409,
        "DF-API-010",
        f"The pipeline `{pipeline_id}` is invalid now, so it cannot be run or scheduled.",
        "Mend the findings on its page first.",
    )


def _moment(value: datetime | date | None) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def record_order(
    session: Session, caller: Caller, event: str, pipeline_id: str, run_id: str | None, extra: dict[str, object]
) -> None:
    """Airflow's audit log keeps who ordered what."""
    session.add(
        Log(
            event=event,
            owner=caller.username,
            owner_display_name=caller.username,
            extra=json.dumps(extra),
            dag_id=pipeline_id,
            run_id=run_id,
        )
    )


def _is_iso(parse: Callable[[str], object]) -> Callable[[ParamValue], bool]:
    def fits(value: ParamValue) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return fits


def _is_number(value: ParamValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_FITS: Mapping[str, Callable[[ParamValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_iso(date.fromisoformat),
    "timestamp": _is_iso(datetime.fromisoformat),
}
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "date": "date like `2026-01-31`",
    "timestamp": "timestamp like `2026-01-31T06:30:00Z`",
}
