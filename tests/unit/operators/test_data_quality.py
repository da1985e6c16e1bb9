"""Rules on any table or query as a task: what passes, what warns, what blocks, and what is left in XCom."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.data_quality import DataQualityOperator
from tests.unit.operators.conftest import MakeContext, Query

pytestmark = pytest.mark.usefixtures("project")

RULES: list[dict[str, Any]] = [{"column": "id", "check": "unique"}, {"column": "seconds", "check": "range", "max": 40}]


def made(**arguments: Any) -> DataQualityOperator:
    return DataQualityOperator(task_id="judge", conn_id="dwh", **arguments)


def test_rules_that_hold_are_told_and_nothing_is_written(make_context: MakeContext, query: Query) -> None:
    result = made(table="calls", rules=RULES[:1]).execute(make_context())
    assert result["state"] == "success"
    assert [(one["rule"], one["checked"], one["failed"]) for one in result["quality"]] == [("id unique", 6, 0)]
    assert query("SELECT COUNT(*) FROM information_schema.tables") == [(1,)]


def test_warning_ends_well_with_samples_and_secrets_masked(make_context: MakeContext) -> None:
    found = made(table="calls", rules=RULES, severity="warn", sensitive=["id"]).execute(make_context())
    assert found["state"] == "warning"
    broken = next(one for one in found["quality"] if not one["passed"])
    assert (broken["rule"], broken["failed"], broken["samples"]) == (
        "seconds range",
        1,
        ({"id": "***", "seconds": 50},),
    )


def test_block_fails_at_once_and_leaves_its_results(make_context: MakeContext) -> None:
    context = make_context()
    with pytest.raises(AirflowFailException, match="DF-QUAL-020"):
        made(table="calls", rules=RULES).execute(context)
    assert [one["passed"] for one in context["ti"].xcom["dataflow_quality"]] == [True, False]


def test_query_with_parameters_and_further_checks(make_context: MakeContext) -> None:
    found = made(
        sql="SELECT id, seconds FROM calls WHERE id < :most",
        parameters={"most": 3},
        checks=[{"type": "quality.row_rule", "where": "seconds < :most * 10"},
                {"type": "quality.freshness", "min_rows": 4, "severity": "warn"}],
    ).execute(make_context())  # fmt: skip
    assert [(one["node"], one["checked"], one["passed"]) for one in found["quality"]] == [
        ("check_1", 3, True), ("check_2", 3, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"table": "calls"}, "DF-OPER-006"),
        ({"rules": RULES}, "DF-OPER-006"),
        ({"table": "calls", "sql": "SELECT 1", "rules": RULES}, "DF-OPER-006"),
    ],
)
def test_arguments_that_say_nothing_are_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(AuthorError, match=code):
        made(**arguments)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"table": "calls", "rules": RULES, "severity": "quarantine"}, "DF-OPER-007"),
        ({"table": "nowhere", "rules": RULES}, "DF-"),
        ({"table": "calls", "rules": [{"column": "idd", "check": "unique"}]}, "DF-SQL-012"),
    ],
)
def test_mistakes_fail_the_task_at_once(make_context: MakeContext, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(AirflowFailException, match=code):
        made(**arguments).execute(make_context())


def test_rows_are_judged_where_they_lie(project: Any, make_context: MakeContext) -> None:
    """One scan of the table itself, and no copy of it: a warehouse that nobody may write to is enough."""
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        before = database.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone()
    made(table="calls", rules=RULES[:1]).execute(make_context())
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        assert database.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone() == before
