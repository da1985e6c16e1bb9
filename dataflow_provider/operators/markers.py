"""Tasks of a generated Dag that move no rows: they say that a pipeline has published, or why it cannot run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.errors import TerminalError

GATES = {"skip": "_skip_overlap", "cancel_previous": "_cancel_previous"}
"""The gate task of an `overlap`; no node id starts with an underscore."""


class PublishedOperator(BaseOperator):
    """Succeeds once all targets have published; holds the pipeline's asset when several stages publish.

    On each of them, the asset would start the pipelines that wait for it once per target.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#e8f7e4"

    def execute(self, context: Any) -> None:
        self.log.info("all targets published")


class OverlapGateOperator(BaseOperator):
    """Stands before all stages where `overlap` is `skip` or `cancel_previous`; the scheduler sets its state.

    That it runs at all means that the scheduler has judged nothing, and then the pipeline must not run either.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#f2f2f2"

    def execute(self, context: Any) -> None:
        error = TerminalError(
            "DF-DAG-021",
            "The scheduler has not judged whether this run overlaps another one, as it does not load our plugin.",
            hint="Install `dataflow-ai` where the scheduler runs and restart it.",
        )
        raise AirflowFailException(str(error))


class InvalidPipelineOperator(BaseOperator):
    """Fails with the findings of a pipeline file that cannot run, so that a run by hand says why."""

    template_fields: Sequence[str] = ()
    ui_color = "#fde8e8"

    def __init__(self, *, findings_text: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.findings_text = findings_text

    def execute(self, context: Any) -> None:
        raise AirflowFailException(self.findings_text)
