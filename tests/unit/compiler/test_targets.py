"""What an author writes at a target: values bound, and checked before the run."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.check import check_pipeline
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.publishing import preview_publish
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.spec.nodes import Hook, SqlTarget
from tests.unit.compiler.conftest import VALUES, make_pipeline

Nodes = dict[str, dict[str, Any]]


def nodes(**target: Any) -> Nodes:
    return {
        "a": {"type": "source.duckdb", "table": "t", "columns": ["id", "state"]},
        "out": {"type": "target.duckdb", "from": "a", "table": "mart.out", **target},
    }


def bound(values: RunValues = VALUES, **target: Any) -> SqlTarget:
    params = {"who": {"type": "string"}}
    plan = plan_pipeline(make_pipeline(nodes(**target), params=params))
    found = compile_stage(plan, plan.stages[0], values).target
    assert found is not None
    return found


def test_hooks_get_literals_where_names_stand_and_keep_the_rest() -> None:
    values = RunValues("r", VALUES.logical_date, VALUES.interval_start, VALUES.interval_end, {"who": "O'Neil"})
    target = bound(
        values,
        pre_sql=["DELETE FROM log WHERE d = :interval_start::DATE -- :who"],
        post_sql=[{"sql": "INSERT INTO log VALUES (:who, ':who')", "in_transaction": False}],
    )
    start = "CAST('2026-01-01 00:00:00' AS TIMESTAMP)"
    assert target.pre_sql == (Hook(sql=f"DELETE FROM log WHERE d = {start}::DATE -- :who"),)
    assert target.post_sql == (Hook(sql="INSERT INTO log VALUES ('O''Neil', ':who')", in_transaction=False),)


def test_condition_of_a_merge_is_one_bound_expression() -> None:
    values = RunValues("r", None, None, None, {"who": "x') THEN TRUE END; DROP TABLE t; --"})
    write = {"mode": "merge", "keys": ["id"], "delete_when": "state = :who"}
    assert bound(values, write=write).write.delete_when == "\"state\" = 'x'') THEN TRUE END; DROP TABLE t; --'"


@pytest.mark.parametrize(
    ("target", "code", "path"),
    [
        ({"pre_sql": ["SELECT :nope"]}, "DF-SQL-010", ("pre_sql", 0)),
        ({"post_sql": ["SELECT 1", {"sql": "SELECT :nope"}]}, "DF-SQL-010", ("post_sql", 1, "sql")),
        ({"post_sql": ["SELECT 'open"]}, "DF-SQL-001", ("post_sql", 0)),
        ({"pre_sql": ["SELECT 1; SELECT 2"]}, "DF-HOOK-003", ("pre_sql", 0)),
        ({"pre_sql": ["COPY t TO 'out.csv'"]}, "DF-HOOK-003", ("pre_sql", 0)),
        ({"post_sql": [{"sql": "CREATE SECRET s (TYPE s3)", "in_transaction": False}]}, "DF-HOOK-003",
         ("post_sql", 0, "sql")),
        ({"write": {"mode": "merge", "keys": ["id"], "delete_when": "state ="}}, "DF-SQL-001",
         ("write", "delete_when")),
        ({"write": {"mode": "merge", "keys": ["id"], "delete_when": "stat = 1"}}, "DF-SQL-012",
         ("write", "delete_when")),
        ({"write": {"mode": "merge", "keys": ["id"], "delete_when": "TRUE) THEN 1 END; DROP TABLE t; --"}},
         "DF-SQL-002", ("write", "delete_when")),
    ],
)  # fmt: skip
def test_mistake_at_a_target_is_found_before_the_run(
    target: dict[str, Any], code: str, path: tuple[str | int, ...]
) -> None:
    problems = check_pipeline(make_pipeline(nodes(**target)))
    assert [(problem.code, problem.path) for problem in problems] == [(code, ("nodes", "out", *path))]
    with pytest.raises(CompileError, match=code):
        bound(**target)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM t",
        "ANALYZE t",
        "CREATE OR REPLACE MACRO f(x) AS x + 1",
        "(SELECT 1)",
        "TRUNCATE t;",
        "INSERT INTO t SELECT ';'",
    ],
)
def test_hook_that_the_engine_would_run_is_no_mistake(sql: str) -> None:
    assert check_pipeline(make_pipeline(nodes(post_sql=[sql]))) == []


def test_publish_is_shown_where_the_columns_are_known() -> None:
    plan = plan_pipeline(make_pipeline(nodes()))
    compiled = compile_stage(plan, plan.stages[0], VALUES)
    steps = preview_publish("shop", compiled, VALUES)
    assert steps is not None
    assert [step.kind for step in steps] == ["publish", "publish"]
    assert 'INSERT INTO "mart"."out" ("id", "state", "_run_id")' in steps[-1].sql


def test_publish_waits_for_the_columns_where_they_are_not() -> None:
    unknown: Nodes = {"a": {"type": "source.duckdb", "table": "t"}, "out": nodes()["out"]}
    plan = plan_pipeline(make_pipeline(unknown))
    assert preview_publish("shop", compile_stage(plan, plan.stages[0], VALUES), VALUES) is None
