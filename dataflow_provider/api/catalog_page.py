"""One page of the pipeline list: light rows are filtered, sorted, counted and cut; only the page's rows load more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from dataflow_provider.api.catalog import Listing
from dataflow_provider.api.datamodels import (
    FacetValue,
    PipelineFacets,
    PipelinePage,
    PipelineState,
    PipelineSummary,
    ScheduleInfo,
    SparkRun,
)
from dataflow_provider.api.definitions import Facts, load_facts
from dataflow_provider.api.run_states import RUN_COLUMNS, find_states
from dataflow_provider.runs.records import seconds_between

SPARK_RUNS = 10
_STATE_ORDER = list(PipelineState)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ListQuery:
    """What the list was asked for; an empty set filters nothing, `search` is split into words that must all be met."""

    search: str
    tags: frozenset[str]
    states: frozenset[PipelineState]
    owners: frozenset[str]
    workspaces: frozenset[str]
    sort: str
    limit: int
    offset: int


def build_page(session: Session, rows: Sequence[Listing], query: ListQuery) -> PipelinePage:
    """Return the page of the matching rows, with facets over all rows."""
    found = sort_rows([row for row in rows if matches(row, query)], query.sort)
    page = found[query.offset : query.offset + query.limit]
    return PipelinePage(total=len(found), items=build_summaries(session, page), facets=count_facets(rows))


def matches(row: Listing, query: ListQuery) -> bool:
    """Return whether the row meets every filter; values of one filter are alternatives."""
    return (
        (not query.states or row.state in query.states)
        and (not query.owners or row.owner in query.owners)
        and (not query.workspaces or row.workspace in query.workspaces)
        and (not query.tags or not query.tags.isdisjoint(row.tags))
        and _has_words(row, query.search)
    )


def sort_rows(rows: Iterable[Listing], sort: str) -> list[Listing]:
    """Return the rows by the key of `sort`, `-` for the reverse; ties by id, rows without a time always last."""
    key, reverse = sort.removeprefix("-"), sort.startswith("-")
    ordered = sorted(rows, key=lambda row: row.id)
    if key in ("last_run", "next_run"):
        ordered.sort(key=lambda row: _time(row, key) or _LONG_AGO, reverse=reverse)
        return sorted(ordered, key=lambda row: _time(row, key) is None)
    return sorted(ordered, key=lambda row: _text(row, key), reverse=reverse)


def count_facets(rows: Iterable[Listing]) -> PipelineFacets:
    """Return every value to filter by, most frequent first."""
    tags: Counter[str] = Counter()
    owners: Counter[str] = Counter()
    workspaces: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for row in rows:
        tags.update(row.tags)
        owners[row.owner] += 1
        workspaces[row.workspace] += 1
        states[row.state.value] += 1
    return PipelineFacets(
        tags=_values(tags), owners=_values(owners), workspaces=_values(workspaces), states=_values(states)
    )


def build_summary(session: Session, row: Listing) -> PipelineSummary:
    """Return one row of the list."""
    return build_summaries(session, [row])[0]


def build_summaries(session: Session, rows: Sequence[Listing]) -> list[PipelineSummary]:
    """Return the rows with sparkline, schedule and findings; three queries however many rows."""
    ids = [row.id for row in rows]
    sparks = _load_sparks(session, ids)
    facts = load_facts(session, ids)
    return [_summary(row, sparks.get(row.id, []), facts.get(row.id)) for row in rows]


def _summary(row: Listing, sparks: list[SparkRun], facts: Facts | None) -> PipelineSummary:
    schedule = facts.schedule if facts else None
    findings_count = len(row.broken) if row.broken is not None else facts.findings_count if facts else 0
    return PipelineSummary(
        id=row.id,
        name=row.name,
        description=row.description,
        workspace=row.workspace,
        owner=row.owner,
        tags=list(row.tags),
        state=row.state,
        is_paused=row.is_paused,
        schedule=ScheduleInfo(
            summary=schedule.summary, cron=schedule.cron, timezone=schedule.timezone, after=list(schedule.after)
        )
        if schedule
        else None,
        last_run=row.last_run,
        recent_runs=sparks,
        next_run=row.next_run,
        findings_count=findings_count,
    )


def _load_sparks(session: Session, pipeline_ids: Sequence[str]) -> dict[str, list[SparkRun]]:
    other = aliased(DagRun)
    # The id of each pipeline's tenth newest run: an index finds it, while ranking all runs would read them all.
    tenth = (
        select(other.id)
        .where(other.dag_id == DagModel.dag_id)
        .order_by(other.id.desc())
        .offset(SPARK_RUNS - 1)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(*RUN_COLUMNS)
        .join(DagModel, DagModel.dag_id == DagRun.dag_id)
        .where(DagModel.dag_id.in_(pipeline_ids), DagRun.id >= func.coalesce(tenth, 0))
        .order_by(DagRun.id)
    ).all()
    states = find_states(session, rows)
    sparks: dict[str, list[SparkRun]] = defaultdict(list)
    for row in rows:
        duration = seconds_between(row.start_date, row.end_date)
        sparks[row.dag_id].append(SparkRun(run_id=row.run_id, state=states[row.id], duration_s=duration))
    return sparks


def _has_words(row: Listing, search: str) -> bool:
    if not search.strip():
        return True
    text = "\n".join((row.id, row.name, row.description or "", row.owner, *row.tags)).casefold()
    return all(word in text for word in search.casefold().split())


def _time(row: Listing, key: str) -> datetime | None:
    return row.next_run if key == "next_run" else row.last_run.start if row.last_run else None


def _text(row: Listing, key: str) -> tuple[int, str]:
    if key == "state":
        return (_STATE_ORDER.index(row.state), "")
    return (0, {"name": row.name, "owner": row.owner, "workspace": row.workspace}[key].casefold())


def _values(counts: Counter[str]) -> list[FacetValue]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [FacetValue(value=value, count=count) for value, count in ordered]
