"""What a version of a pipeline says: its YAML, read from Airflow's copy of the Dag file, and what follows from it.

So any bundle and any version can be shown. In a plain Dags folder Airflow has only our loader's text; the YAML is then
read from the pipelines folder, in its present version. Parsed versions are kept by content, nothing goes stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from airflow.configuration import conf
from airflow.models.dag_version import DagVersion
from airflow.models.dagcode import DagCode
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.dag_factory.builder import plan_loaded
from dataflow_provider.dag_factory.bundles import LocalPipelineBundle
from dataflow_provider.dag_factory.discovery import find_pipeline
from dataflow_provider.dag_factory.loading import OUR_BUNDLES
from dataflow_provider.dag_factory.stub import NotAStubError, extract_origin, extract_yaml
from dataflow_provider.schedules.wording import describe_schedule
from dataflow_provider.settings import Settings
from dataflow_provider.spec.findings import Finding, InvalidPipelineError
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.models import Notify, Pipeline, Schedule, Sla


@dataclass(frozen=True)
class Definition:
    """One version of a pipeline; `pipeline` and `plan` are None when the text is broken."""

    file: str
    text: str
    pipeline: Pipeline | None
    plan: Plan | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ScheduleFacts:
    """When a pipeline runs; `summary` is for people."""

    summary: str
    cron: str | None
    timezone: str | None
    after: tuple[str, ...]


_NOBODY = Notify()


@dataclass(frozen=True)
class Facts:
    """The little of a definition that the list and the watch need; light enough to keep for every pipeline."""

    schedule: ScheduleFacts | None
    findings_count: int
    sla: Sla | None = None
    notify: Notify = _NOBODY
    timezone: str = "UTC"

    @property
    def after(self) -> tuple[str, ...]:
        """The pipelines that this one waits for."""
        return self.schedule.after if self.schedule else ()


_kept_facts: dict[str, Facts] = {}
MAX_KEPT_FACTS = 20_000


def load_definition(session: Session, pipeline_id: str, version: UUID | None = None) -> Definition | None:
    """Return a version of a pipeline, the newest that was ever valid when none is named; None when its text is lost."""
    code = select(DagCode.source_code).join(DagVersion, DagVersion.id == DagCode.dag_version_id)
    if version is not None:
        code = code.where(DagCode.dag_version_id == version)
    else:
        code = code.where(DagCode.dag_id == pipeline_id).order_by(DagVersion.version_number.desc())
    source = session.scalar(code.limit(1))
    return None if source is None else _define(source, pipeline_id)


def load_facts(session: Session, pipeline_ids: Sequence[str]) -> dict[str, Facts]:
    """Return the facts of the newest valid version of each pipeline; reads only texts not seen before."""
    newest = (
        select(DagVersion.dag_id, func.max(DagVersion.version_number))
        .where(DagVersion.dag_id.in_(pipeline_ids))
        .group_by(DagVersion.dag_id)
    )
    versions = select(DagVersion.id).where(tuple_(DagVersion.dag_id, DagVersion.version_number).in_(newest))
    rows = session.execute(
        select(DagCode.dag_id, DagCode.id, DagCode.source_code_hash).where(DagCode.dag_version_id.in_(versions))
    ).all()
    keys = {row.dag_id: f"{row.dag_id}:{row.source_code_hash}" for row in rows}
    facts = {pipeline_id: _kept_facts[key] for pipeline_id, key in keys.items() if key in _kept_facts}
    unseen = {row.id: keys[row.dag_id] for row in rows if row.dag_id not in facts}
    if unseen:
        if len(_kept_facts) > MAX_KEPT_FACTS:
            _kept_facts.clear()
        sources = session.execute(
            select(DagCode.id, DagCode.dag_id, DagCode.source_code).where(DagCode.id.in_(list(unseen)))
        )
        for code_id, pipeline_id, source in sources:
            facts[pipeline_id] = _facts_of(_define(source, pipeline_id))
            # A loader's text says nothing of the pipelines it loads, so nothing may be kept by it.
            if is_stub(source):
                _kept_facts[unseen[code_id]] = facts[pipeline_id]
    return facts


def _define(source: str, pipeline_id: str) -> Definition | None:
    try:
        text, file = extract_yaml(source), extract_origin(source).shown
    except NotAStubError:
        return load_from_disk(pipeline_id)
    return define(text, file)


def is_stub(source: str) -> bool:
    """Return whether Airflow's copy of a Dag file is a stub of ours."""
    try:
        extract_origin(source)
    except NotAStubError:
        return False
    return True


def load_from_disk(pipeline_id: str) -> Definition | None:
    """Return the present text of a pipeline where this server sees its folder; None where it does not."""
    files = [file for folder in pipeline_folders() for file in find_pipeline(folder, pipeline_id)]
    if len(files) != 1 or files[0].origin.refused:
        return None
    origin = files[0].origin
    try:
        with open(origin.path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return define(stream.read(), origin.shown)
    except OSError:
        return None


def our_bundles() -> list[Mapping[str, Any]]:
    """Return the configured bundles of ours: `name`, `classpath` and perhaps `kwargs`."""
    configured: Any = conf.getjson("dag_processor", "dag_bundle_config_list", fallback=[])
    return [bundle for bundle in configured if str(bundle.get("classpath", "")).startswith(OUR_BUNDLES)]


def pipeline_folders() -> list[Path]:
    """Return the folders that pipelines are read from; a Git bundle has none that stays."""
    bundles = our_bundles()
    local = [bundle for bundle in bundles if str(bundle["classpath"]).endswith("." + LocalPipelineBundle.__name__)]
    paths = [(bundle.get("kwargs") or {}).get("path") for bundle in local]
    default = [Settings.load().pipelines_folder] if not bundles or None in paths else []
    return [*(Path(path) for path in paths if path), *default]


@lru_cache(maxsize=256)
def define(text: str, file: str) -> Definition:
    """Return what a text says; the same text is parsed once."""
    loaded = parse_pipeline(text.encode("utf-8", "surrogateescape"), file)
    try:
        plan, findings = plan_loaded(loaded)
    except InvalidPipelineError as exc:
        return Definition(file, text, loaded.pipeline, None, exc.findings)
    return Definition(file, text, loaded.pipeline, plan, findings)


def _facts_of(definition: Definition | None) -> Facts:
    if definition is None or definition.pipeline is None:
        return Facts(None, len(definition.findings) if definition else 0)
    pipeline = definition.pipeline
    zone = pipeline.schedule.timezone if pipeline.schedule else "UTC"
    return Facts(_schedule_facts(pipeline.schedule), len(definition.findings), pipeline.sla, pipeline.notify, zone)


def _schedule_facts(schedule: Schedule | None) -> ScheduleFacts | None:
    summary = None if schedule is None else describe_schedule(schedule)
    if schedule is None or summary is None:
        return None
    zone = None if schedule.cron is None else schedule.timezone
    return ScheduleFacts(summary, schedule.cron, zone, () if schedule.cron else schedule.after)
