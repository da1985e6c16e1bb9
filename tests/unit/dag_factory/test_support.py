from __future__ import annotations

import pytest

from dataflow_provider.dag_factory.support import check_support
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.loader import parse_pipeline
from tests.unit.dag_factory.conftest import HEAD, NODES


def codes(top: str) -> list[tuple[str, tuple[str | int, ...], Severity]]:
    pipeline = parse_pipeline(f"{HEAD}id: calls\n{top}{NODES}", "calls.yaml").pipeline
    assert pipeline is not None
    return [(problem.code, problem.path, problem.severity) for problem in check_support(pipeline)]


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (
            'schedule: {cron: "0 6 * * *", start: 2026-01-01, catchup: true, overlap: cancel_previous}\n',
            ("DF-DAG-012", ("schedule", "overlap"), Severity.ERROR),
        ),
        (
            'schedule: {cron: "0 6 * * *"}\nparams: {least: {type: integer}}\n',
            ("DF-DAG-013", ("params", "least"), Severity.ERROR),
        ),
        ('schedule: {cron: "0 6 * * *", catchup: true}\n', ("DF-DAG-014", ("schedule", "catchup"), Severity.ERROR)),
        (f"tags: [short, {'x' * 101}]\n", ("DF-DAG-015", ("tags", 1), Severity.ERROR)),
    ],
)
def test_support_of_what_a_dag_would_not_do_is_told(
    top: str, expected: tuple[str, tuple[str | int, ...], Severity]
) -> None:
    assert codes(top) == [expected]


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [("queue", []), ("skip", []), ("allow", ["DF-DAG-016"]), ("cancel_previous", ["DF-DAG-016"])],
)
def test_support_of_incremental_runs_side_by_side_is_refused(overlap: str, expected: list[str]) -> None:
    top = f'schedule: {{cron: "0 6 * * *", overlap: {overlap}}}\n'
    text = f"{HEAD}id: calls\n{top}{NODES}".replace("source.duckdb,", "source.duckdb, incremental: {column: id},", 1)
    pipeline = parse_pipeline(text, "calls.yaml").pipeline
    assert pipeline is not None
    assert [problem.code for problem in check_support(pipeline)] == expected


@pytest.mark.parametrize(
    "top",
    [
        "",
        "params: {least: {type: integer}}\n",
        'schedule: {cron: "0 6 * * *", calendar: PL, overlap: skip}\n',
        'schedule: {cron: "0 6 * * *", start: 2026-01-01, catchup: true, overlap: allow}\n',
        "schedule: {after: [bills]}\nparams: {least: {type: integer, default: 0}}\n",
    ],
)
def test_support_of_what_a_dag_does_is_silent(top: str) -> None:
    assert codes(top) == []
