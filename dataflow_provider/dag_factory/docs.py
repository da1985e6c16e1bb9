"""The pages Airflow shows of a pipeline: the Dag's doc, a stage's doc and the doc of a broken pipeline, in markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from airflow.configuration import conf

from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.schedules.wording import describe_schedule
from dataflow_provider.spec.findings import Finding
from dataflow_provider.spec.models import Pipeline

_BREAKS_TABLE = re.compile(r"[^\S ]|[|]|  ")


def render_dag_doc(plan: Plan, workspace: str, findings: Sequence[Finding]) -> str:
    """Return the Dag's page: description, drawn graph, nodes with their stages, and what is not carried out yet."""
    pipeline = plan.pipeline
    stage_of = {node: stage for stage in plan.stages for node in stage.nodes}
    rows = [
        (f"`{name}`", f"`{node.type}`", f"`{stage.id}`", f"`{stage.connection}`", node.description or "")
        for name, node in pipeline.nodes.items()
        if (stage := stage_of.get(name))
    ]
    blocks = [
        pipeline.description or "",
        f"![Graph of {_plain(pipeline.name or pipeline.id)}]({graph_url(pipeline.id)})",
        render_table(("Node", "Type", "Stage (task)", "Connection", "Description"), rows),
        _facts(pipeline, workspace),
        _warnings(findings),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_stage_doc(plan: Plan, stage: Stage) -> str:
    """Return a task's page: the nodes fused in its stage, and why the stage ends where it does."""
    rows = [
        (f"`{name}`", f"`{node.type}`", node.description or "")
        for name in stage.nodes
        for node in (plan.pipeline.nodes[name],)
    ]
    heading = f"Runs on `{stage.connection}` ({stage.dialect}). Ends here because {_cell(stage.reason)}"
    return heading + "\n\n" + render_table(("Node", "Type", "Description"), rows) + "\n"


def render_invalid_doc(findings: Iterable[Finding]) -> str:
    """Return the page of a pipeline that cannot run: every finding with its place and what to do."""
    rows = [
        (
            f"{finding.file}:{finding.line}:{finding.column}",
            finding.severity.value,
            f"`{finding.code}`",
            f"`{finding.node}`" if finding.node else "",
            finding.message,
            finding.hint or "",
        )
        for finding in findings
    ]
    heading = "**This pipeline cannot run.** Mend the file; the Dag comes back by itself."
    return (
        heading
        + "\n\n"
        + render_table(("Place", "Severity", "Code", "Node", "What is wrong", "What to do"), rows)
        + "\n"
    )


def graph_url(pipeline_id: str) -> str:
    """Return where the API draws the pipeline's graph, below the web server's own path."""
    return f"{_base_path()}/dataflow/api/v1/pipelines/{pipeline_id}/graph.svg"


def render_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table; bars and line breaks in cells cannot break out of it."""
    return "\n".join(_table_line(line) for line in (heads, ["---"] * len(heads), *rows))


def _table_line(cells: Sequence[str]) -> str:
    # Pages are written for each task at every parse: one look at the line instead of one at each cell.
    safe = cells if _BREAKS_TABLE.search("".join(cells)) is None else [_cell(cell) for cell in cells]
    return "| " + " | ".join(safe) + " |"


def _facts(pipeline: Pipeline, workspace: str) -> str:
    facts = [f"Workspace `{workspace}`"]
    schedule = pipeline.schedule
    if schedule and (said := describe_schedule(schedule)):
        facts.append(said)
    if schedule and schedule.cron:
        facts.append(f"cron `{schedule.cron}` in {schedule.timezone}")
    return " · ".join(facts)


def _warnings(findings: Sequence[Finding]) -> str:
    lines = [f"- **{finding.severity.value}** `{finding.code}` {_cell(finding.message)}" for finding in findings]
    return "\n".join(["Findings:", "", *lines]) if lines else ""


def _plain(text: str) -> str:
    return _cell(text).replace("[", "(").replace("]", ")")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split()) if _BREAKS_TABLE.search(text) else text


@lru_cache(maxsize=1)
def _base_path() -> str:
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
