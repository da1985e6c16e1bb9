"""What the databases of a pipeline say of it, as findings of its file."""

from __future__ import annotations

from pathlib import Path

from dataflow_provider.cli.airflow_connections import pipeline_connections
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.example_values import example_values
from dataflow_provider.execution.live_check import check_live
from dataflow_provider.spec.findings import Finding, Severity
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.project import Project

LOCK_TIMEOUT_S = 30.0
"""Checking a file must not hang behind a long run in the embedded warehouse."""


def live_findings(loaded: Loaded) -> list[Finding]:
    """Return what is found with the pipeline's connections; nothing is written and no row is read."""
    pipeline = loaded.require()
    try:
        project = Project.of(Path(loaded.file))
        values = example_values(pipeline, project)
        plan = plan_pipeline(pipeline)
    except CompileError as error:
        return [loaded.finding(problem) for problem in error.problems]
    except AuthorError as error:
        return [Finding(error.code, Severity.ERROR, loaded.file, 1, 1, None, error.message, error.hint)]
    check = check_live(plan, values, pipeline_connections(project), project, lock_timeout_s=LOCK_TIMEOUT_S)
    return [loaded.finding(problem) for problem in check.problems]
