"""A planned pipeline becomes a Dag: one task per stage, nothing read but what the pipeline says.

Runs at parse time, in the Dag processor and in every worker: no network, no database, no sqlglot, no engine.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.configuration import conf
from airflow.sdk import DAG, BaseOperator

from dataflow_provider.airflow_compat import OUR_TAG, WORKSPACE_TAG
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.feeding import incremental_sources
from dataflow_provider.compiler.plan import Plan, Stage, plan_pipeline
from dataflow_provider.dag_factory.docs import render_dag_doc, render_stage_doc
from dataflow_provider.dag_factory.params import build_params
from dataflow_provider.dag_factory.schedule import DagSchedule, lower_schedule, pipeline_asset
from dataflow_provider.dag_factory.support import check_support
from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.asset_watermarks import watermark_asset
from dataflow_provider.operators.markers import GATES, OverlapGateOperator, PublishedOperator
from dataflow_provider.operators.pipeline_stage import PipelineStageOperator, pipeline_path
from dataflow_provider.schedules.lowering import calendar_problem
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Problem, has_errors
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

DEFAULT_OWNER = "dataflow"
RETRY_GROWTH = 2.0
# A task that was cleared has a high try number, which pauses grow by.
LONGEST_PAUSE = timedelta(hours=1)
# No node id starts with an underscore, so no stage can have this task id.
PUBLISHED_TASK_ID = "_published"


def build_dag(loaded: Loaded, *, workspace: str, path: str) -> DAG:
    """Return the Dag of a loaded pipeline; `path` is its file, from which its project is found when it runs.

    Raises:
        InvalidPipelineError: when the file has a finding of severity error, or asks for what cannot be carried out yet;
            it holds all findings.
    """
    plan, findings = plan_loaded(loaded)
    for finding in findings:
        logger.warning("%s", finding)
    pipeline = plan.pipeline
    schedule = _schedule_of(loaded, pipeline, path, findings)
    dag = DAG(
        dag_id=pipeline.id,
        dag_display_name=pipeline.name or pipeline.id,
        description=pipeline.description,
        schedule=schedule.when,
        start_date=schedule.start,
        end_date=schedule.end,
        catchup=schedule.catchup,
        max_active_runs=schedule.max_active_runs,
        dagrun_timeout=pipeline.run_timeout,
        tags=[OUR_TAG, f"{WORKSPACE_TAG}{workspace}", *pipeline.tags],
        doc_md=render_dag_doc(plan, workspace, findings),
        **configured_limits(),
    )
    # The constructor would check each default once more against its schema; validation has, and it is slow there.
    dag.params.update(build_params(pipeline.params))
    add_tasks(dag, plan, loaded.text, path)
    return dag


def _schedule_of(loaded: Loaded, pipeline: Pipeline, path: str, findings: tuple[Finding, ...]) -> DagSchedule:
    """Return the schedule; a calendar that cannot be had is a finding like any other."""
    asked = pipeline.schedule
    project = Project.of(pipeline_path(path)) if asked is not None and asked.calendar is not None else None
    try:
        return lower_schedule(asked, project)
    except AuthorError as error:
        raise InvalidPipelineError((*findings, loaded.finding(calendar_problem(error)))) from error


@cache
def configured_limits() -> dict[str, Any]:
    """Return what Airflow's configuration says for every Dag; left out, each Dag would look it up once more."""
    return {
        "max_active_tasks": conf.getint("core", "max_active_tasks_per_dag"),
        "max_consecutive_failed_dag_runs": conf.getint("core", "max_consecutive_failed_dag_runs_per_dag"),
        "disable_bundle_versioning": conf.getboolean("dag_processor", "disable_bundle_versioning"),
    }


def plan_loaded(loaded: Loaded) -> tuple[Plan, tuple[Finding, ...]]:
    """Return the plan of a loaded pipeline and the findings that do not stop it.

    Raises:
        InvalidPipelineError: with all findings of all rules, when one is an error.
    """
    pipeline = loaded.pipeline
    if pipeline is None:
        raise InvalidPipelineError(loaded.findings)
    findings = [*loaded.findings, *(loaded.finding(problem) for problem in check_support(pipeline))]
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()
    # The planner takes a sound pipeline for granted.
    if not has_errors(loaded.findings):
        try:
            plan = plan_pipeline(pipeline)
        except CompileError as exc:
            problems = tuple(exc.problems)
    findings += [loaded.finding(problem) for problem in problems]
    findings.sort(key=lambda finding: (finding.line, finding.column))
    if plan is None or has_errors(findings):
        raise InvalidPipelineError(findings)
    return plan, tuple(findings)


def add_tasks(dag: DAG, plan: Plan, yaml: str, path: str) -> None:
    """The Dag has a task per stage, in the plan's order, and its asset where the last rows are published."""
    tasks: dict[str, BaseOperator] = {}
    is_incremental = bool(incremental_sources(plan))
    owner = plan.pipeline.owner or DEFAULT_OWNER
    for stage in plan.stages:
        task = PipelineStageOperator(
            task_id=stage.id,
            pipeline=path,
            yaml=yaml,
            owner=owner,
            doc_md=render_stage_doc(plan, stage),
            **stage_options(stage),
        )
        # Given to the constructor, the Dag would have its parameters copied into each task: a third of the time.
        dag.add_task(task)
        for stage_id in stage.upstream:
            # All that `set_upstream` does once both tasks are known to be in one Dag, which it finds out by hashing it.
            task.upstream_task_ids.add(stage_id)
            tasks[stage_id].downstream_task_ids.add(stage.id)
        if is_incremental:
            task.add_inlets([watermark_asset(plan.pipeline.id, one) for one in incremental_sources(plan, [stage.id])])
        tasks[stage.id] = task
    add_gate(dag, [tasks[stage.id] for stage in plan.stages if not stage.upstream], plan)
    upstream = {stage_id for stage in plan.stages for stage_id in stage.upstream}
    last = [task for stage_id, task in tasks.items() if stage_id not in upstream]
    add_asset(dag, last, plan)


def add_gate(dag: DAG, first: list[BaseOperator], plan: Plan) -> None:
    """Where runs must not overlap, a task stands before the first stages whose state the scheduler decides."""
    schedule = plan.pipeline.schedule
    gate_id = GATES.get(schedule.overlap) if schedule else None
    if gate_id is not None:
        gate = OverlapGateOperator(dag=dag, task_id=gate_id, owner=plan.pipeline.owner or DEFAULT_OWNER, retries=0)
        gate.set_downstream(first)


def add_asset(dag: DAG, last: list[BaseOperator], plan: Plan) -> None:
    """The pipeline's asset is updated once per run: by the last task, or by one behind all last tasks."""
    asset = pipeline_asset(plan.pipeline.id)
    if len(last) == 1:
        last[0].add_outlets([asset])
        return
    published = PublishedOperator(
        dag=dag, task_id=PUBLISHED_TASK_ID, owner=plan.pipeline.owner or DEFAULT_OWNER, outlets=[asset]
    )
    published.set_upstream(last)


def stage_options(stage: Stage) -> dict[str, Any]:
    """Return what a stage says of its task; what it leaves open stays Airflow's default."""
    options: dict[str, Any] = {
        "retries": stage.retries,
        "retry_delay": stage.retry_delay,
        # Airflow lengthens a growing pause by a share that differs from task to task, a constant one it does not.
        "retry_exponential_backoff": 1.0 if stage.retry_backoff is False else RETRY_GROWTH,
        "max_retry_delay": max(LONGEST_PAUSE, stage.retry_delay or LONGEST_PAUSE),
        "execution_timeout": stage.timeout,
        "pool": stage.pool,
    }
    return {name: value for name, value in options.items() if value is not None}
