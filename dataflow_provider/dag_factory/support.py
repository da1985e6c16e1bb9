"""What a pipeline may say but a Dag cannot do yet: refused where rows would change, told where they would not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import SourceBase

Rule = Callable[[Pipeline], Iterator[Problem]]
MAX_TAG_LENGTH = 100


def check_support(pipeline: Pipeline) -> list[Problem]:
    """Return a problem for everything that a Dag of this pipeline would not do as written."""
    return [problem for rule in RULES for problem in rule(pipeline)]


def _overlap(pipeline: Pipeline) -> Iterator[Problem]:
    schedule = pipeline.schedule
    if schedule and schedule.catchup and schedule.overlap in ("skip", "cancel_previous"):
        yield Problem(
            "DF-DAG-012",
            ("schedule", "overlap"),
            f"With `overlap: {schedule.overlap}` the missed runs that `catchup: true` makes would end one another.",
            hint="Use `queue` (one after another) or `allow`, or leave `catchup` out.",
        )


def _required_params(pipeline: Pipeline) -> Iterator[Problem]:
    schedule = pipeline.schedule
    if schedule is None or not (schedule.cron or schedule.after):
        return
    for name, param in pipeline.params.items():
        if param.default is None:
            yield Problem(
                "DF-DAG-013",
                ("params", name),
                f"Parameter `{name}` has no default, so a scheduled run would have no value for it.",
                hint="Give it a `default`, or take the schedule away.",
            )


def _catchup(pipeline: Pipeline) -> Iterator[Problem]:
    schedule = pipeline.schedule
    if schedule and schedule.catchup and schedule.cron and schedule.start is None:
        yield Problem(
            "DF-DAG-014",
            ("schedule", "catchup"),
            "`catchup: true` without a `start` would run every interval since the beginning of time.",
            hint="Say `start`, the first day to run.",
        )


def _tags(pipeline: Pipeline) -> Iterator[Problem]:
    for position, tag in enumerate(pipeline.tags):
        if len(tag) > MAX_TAG_LENGTH:
            yield Problem(
                "DF-DAG-015",
                ("tags", position),
                f"The tag has {len(tag)} characters; Airflow allows {MAX_TAG_LENGTH}.",
                hint="Shorten it.",
            )


def _incremental(pipeline: Pipeline) -> Iterator[Problem]:
    schedule = pipeline.schedule
    # A run that is cancelled works on for some seconds, beside the one that cancels it.
    if schedule is None or schedule.overlap not in ("allow", "cancel_previous"):
        return
    for name, node in pipeline.nodes.items():
        if isinstance(node, SourceBase) and node.incremental is not None:
            yield Problem(
                "DF-DAG-016",
                ("schedule", "overlap"),
                f"`{name}` is read incrementally, and runs side by side would read the same rows.",
                hint="Use `overlap: queue` or `skip`.",
            )


RULES: tuple[Rule, ...] = (
    _overlap,
    _required_params,
    _catchup,
    _tags,
    _incremental,
)
