"""Every pipeline the caller may read, as light rows from a handful of set-based queries, however many there are.

Broken files are rows too: Airflow keeps their import error, and drops their Dag after a while or never made one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from dataflow_provider.airflow_compat import INVALID_TAG, OUR_TAG, WORKSPACE_TAG
from dataflow_provider.api.auth import Caller
from dataflow_provider.api.datamodels import PipelineState, RunBrief, RunState
from dataflow_provider.api.definitions import our_bundles
from dataflow_provider.api.import_errors import findings_of_trace
from dataflow_provider.api.run_states import RUN_COLUMNS, find_states
from dataflow_provider.dag_factory.builder import DEFAULT_OWNER
from dataflow_provider.runs.records import seconds_between
from dataflow_provider.spec.findings import Finding

OWN_TAGS = (WORKSPACE_TAG, "dataflow:")


@dataclass(frozen=True)
class Listing:
    """One pipeline as the list needs it; `broken` holds the findings of a file that cannot be parsed now."""

    id: str
    name: str
    description: str | None
    owner: str
    workspace: str
    tags: tuple[str, ...]
    state: PipelineState
    is_paused: bool
    next_run: datetime | None
    last_run: RunBrief | None
    broken: tuple[Finding, ...] | None
    has_dag: bool


def load_listing(session: Session, caller: Caller, only: str | None = None) -> list[Listing]:
    """Return the pipelines that the caller may read, in no order; with `only` that one or none."""
    if only is None:
        rows = load_all(session)
        readable = readable_ids(caller, rows)
        return [row for row in rows if row.id in readable]
    return load_all(session, only) if caller.may_read(only) else []


def readable_ids(caller: Caller, rows: Iterable[Listing]) -> set[str]:
    """Return the ids among the rows that the caller may read; Airflow is asked once for all its Dags."""
    readable = caller.readable_pipelines()
    files = {row.id for row in rows if not row.has_dag and caller.may_read_file(row.id)}
    return readable | files


def load_all(session: Session, only: str | None = None) -> list[Listing]:
    """Return all pipelines, whoever may read them, in no order; with `only` that one or none."""
    broken = _load_broken(session, only)
    tags = _load_tags(session, only)
    runs = _load_last_runs(session, only)
    rows = [row for row in session.execute(_dags(only)) if not row.is_stale or row.dag_id in broken]
    known = {row.dag_id for row in rows}
    listings = [_listing_of_dag(row, tags[row.dag_id], runs.get(row.dag_id), broken.get(row.dag_id)) for row in rows]
    listings += [
        _listing_of_file(pipeline_id, error) for pipeline_id, error in broken.items() if pipeline_id not in known
    ]
    return listings


@dataclass(frozen=True)
class BrokenFile:
    """A file of our bundles that does not parse now."""

    workspace: str
    findings: tuple[Finding, ...]


def _load_broken(session: Session, only: str | None) -> dict[str, BrokenFile]:
    bundles = [str(bundle["name"]) for bundle in our_bundles()]
    if not bundles:
        return {}
    errors = session.execute(
        select(ParseImportError.filename, ParseImportError.stacktrace).where(ParseImportError.bundle_name.in_(bundles))
    )
    broken = {}
    for filename, trace in errors:
        path = PurePosixPath(filename or "")
        if only is None or path.stem == only:
            workspace = path.parts[0] if len(path.parts) > 1 else ""
            broken[path.stem] = BrokenFile(workspace, findings_of_trace(trace or "", str(path)))
    return broken


def _ours(only: str | None) -> Select[tuple[str]]:
    ours = select(DagTag.dag_id).where(DagTag.name == OUR_TAG)
    return ours if only is None else ours.where(DagTag.dag_id == only)


def _dags(only: str | None) -> Select[Any]:
    dag: Any = DagModel  # its display name is a hybrid, which the types do not tell
    return select(
        DagModel.dag_id,
        dag.dag_display_name.label("name"),
        DagModel.description,
        DagModel.owners,
        DagModel.is_paused,
        DagModel.is_stale,
        DagModel.next_dagrun_create_after.label("next_run"),
    ).where(DagModel.dag_id.in_(_ours(only)))


def _load_tags(session: Session, only: str | None) -> Mapping[str, list[str]]:
    """Return the tags of every Dag, also of those that are not ours: one scan is cheaper than telling them apart."""
    tags: dict[str, list[str]] = defaultdict(list)
    wanted = select(DagTag.dag_id, DagTag.name)
    for dag_id, name in session.execute(wanted if only is None else wanted.where(DagTag.dag_id == only)):
        tags[dag_id].append(name)
    return tags


def _load_last_runs(session: Session, only: str | None) -> dict[str, RunBrief]:
    other = aliased(DagRun)
    newest = select(func.max(other.id)).where(other.dag_id == DagModel.dag_id).scalar_subquery()
    rows = session.execute(
        select(*RUN_COLUMNS)
        .join(DagModel, DagModel.dag_id == DagRun.dag_id)
        .where(DagModel.dag_id.in_(_ours(only)), DagRun.id == newest)
    ).all()
    states = find_states(session, rows)
    return {row.dag_id: build_brief(row, states[row.id]) for row in rows}


def build_brief(row: Row[Any], state: RunState) -> RunBrief:
    """Return the short form of a run from a row with run_id, start_date and end_date."""
    return RunBrief(
        run_id=row.run_id,
        state=state,
        start=row.start_date,
        end=row.end_date,
        duration_s=seconds_between(row.start_date, row.end_date),
    )


def _listing_of_dag(
    row: Row[Any],
    tags: list[str],
    last_run: RunBrief | None,
    error: BrokenFile | None,
) -> Listing:
    workspace = next((tag.removeprefix(WORKSPACE_TAG) for tag in tags if tag.startswith(WORKSPACE_TAG)), "")
    if error is not None or INVALID_TAG in tags:
        state = PipelineState.INVALID
    else:
        state = PipelineState(last_run.state) if last_run else PipelineState.NEVER_RUN
    return Listing(
        id=row.dag_id,
        name=row.name,
        description=row.description,
        owner=(row.owners or DEFAULT_OWNER).split(",")[0].strip(),
        workspace=workspace,
        tags=tuple(sorted(tag for tag in tags if tag != OUR_TAG and not tag.startswith(OWN_TAGS))),
        state=state,
        is_paused=bool(row.is_paused),
        next_run=None if row.is_paused or state is PipelineState.INVALID else row.next_run,
        last_run=last_run,
        broken=error.findings if error else None,
        has_dag=True,
    )


def _listing_of_file(pipeline_id: str, error: BrokenFile) -> Listing:
    return Listing(
        id=pipeline_id, name=pipeline_id, description=None, owner=DEFAULT_OWNER, workspace=error.workspace, tags=(),
        state=PipelineState.INVALID, is_paused=False, next_run=None, last_run=None, has_dag=False,
        broken=error.findings,
    )  # fmt: skip
