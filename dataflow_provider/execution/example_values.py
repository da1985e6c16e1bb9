"""Values that stand for those of a run where there is none: to show SQL, and to let a database judge it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.execution.values import Interval, typed_params
from dataflow_provider.spec.models import ParamType, Pipeline
from dataflow_provider.spec.nodes import Scalar
from dataflow_provider.spec.project import Project

EXAMPLE_RUN_ID = "manual__example"
EXAMPLE_INTERVAL: Interval = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
# For a parameter without a default when nobody gives a value.
_EXAMPLES: dict[ParamType, Scalar] = {
    "string": "example", "integer": 1, "number": 1.0, "boolean": True, "date": "2026-01-01",
    "timestamp": "2026-01-01T00:00:00",
}  # fmt: skip


def example_values(
    pipeline: Pipeline,
    project: Project,
    interval: Interval = EXAMPLE_INTERVAL,
    params: Mapping[str, object] | None = None,
) -> RunValues:
    """Return values for every name that the pipeline's SQL may use; `params` and `interval` go before examples.

    Raises:
        AuthorError: when a parameter is unknown, or its value is not of its type.
    """
    examples = {name: _EXAMPLES[param.type] for name, param in pipeline.params.items() if param.default is None}
    start, end = interval
    given = typed_params(pipeline.params, {**examples, **(params or {})})
    return RunValues(EXAMPLE_RUN_ID, end, start, end, given, project.workspace, project.environment)
