"""A run that ended between two targets: the next try publishes what is missing, and only that."""

from __future__ import annotations

import os
import signal
from typing import Any
from unittest.mock import patch

import pytest

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.execution.stage import run_stage
from tests.unit.execution.conftest import Workplace

COUNTED = "create: {if_missing: true}, post_sql: [INSERT INTO log VALUES ('%s')]"
NODES = (
    "src: {type: source.duckdb, table: s, where: id > 0}\n"
    f"one: {{type: target.duckdb, from: src, table: mart.one, write: {{mode: overwrite}}, {COUNTED % 'one'}}}\n"
    f"two: {{type: target.duckdb, from: src, table: mart.two, write: {{mode: overwrite}}, {COUNTED % 'two'}, "
    "pre_sql: [INSERT INTO missing VALUES (1)]}\n"
)


@pytest.fixture
def plan(workplace: Workplace) -> Plan:
    workplace.sql("CREATE TABLE s AS SELECT 1 AS id", "CREATE TABLE log (node VARCHAR)")
    return workplace.plan(NODES)


def published(workplace: Workplace) -> list[Any]:
    return [row[0] for row in workplace.sql("SELECT node FROM log ORDER BY node")]


def test_retry_publishes_only_the_target_that_failed(workplace: Workplace, plan: Plan) -> None:
    assert set(workplace.run(plan).errors) == {"two"}
    workplace.sql("CREATE TABLE missing (n INTEGER)")
    result = workplace.run_ok(plan)
    assert published(workplace) == ["one", "two"]
    assert [problem.code for stage in result.stages for problem in stage.problems] == ["DF-RUN-054"]
    assert {node.id: node.rows_out for node in result.nodes} == {"src": 1, "one": 1, "two": 1}
    assert workplace.sql("SELECT COUNT(*) FROM _dataflow.stage_tables") == [(0,)]


def test_run_that_succeeded_does_everything_again(workplace: Workplace, plan: Plan) -> None:
    workplace.sql("CREATE TABLE missing (n INTEGER)")
    for _ in range(2):
        workplace.run_ok(plan)
    assert published(workplace) == ["one", "one", "two", "two"]


def test_target_whose_nodes_were_edited_is_published_again(workplace: Workplace, plan: Plan) -> None:
    workplace.run(plan)
    workplace.sql("CREATE TABLE missing (n INTEGER)")
    workplace.run_ok(workplace.plan(NODES.replace("id > 0", "id > -1")))
    assert published(workplace) == ["one", "one", "two"]


def test_other_run_id_publishes_everything(workplace: Workplace, plan: Plan) -> None:
    workplace.run(plan)
    workplace.sql("CREATE TABLE missing (n INTEGER)")
    workplace.run_ok(plan, "r2")
    assert published(workplace) == ["one", "one", "two"]


def test_process_killed_between_two_targets_is_taken_up_behind_the_first(workplace: Workplace, plan: Plan) -> None:
    workplace.sql("CREATE TABLE missing (n INTEGER)")

    def die(plan: Plan, stage: str, *given: Any) -> Any:
        if stage == "two":
            os.kill(os.getpid(), signal.SIGKILL)
        return run_stage(plan, stage, *given)

    child = os.fork()
    if child == 0:
        with patch("dataflow_provider.execution.pipeline.run_stage", die):
            workplace.run(plan)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    workplace.run_ok(plan)
    assert published(workplace) == ["one", "two"]
    assert workplace.sql("FROM mart.one") == workplace.sql("FROM mart.two") == [(1,)]
