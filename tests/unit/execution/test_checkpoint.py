"""Going on where a run failed: what is reused, what is computed again, and what a part of a plan leaves."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from dataflow_provider.compiler.cut import cut_plan
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution import pipeline as pipeline_room
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.execution.stage import run_stage
from tests.unit.execution.conftest import Workplace, run_values

# Three stages one behind the other, then two targets; `two` fails until the table `missing` is there.
NODES = """\
src: {type: source.duckdb, table: s}
a: {type: transform.filter, from: src, where: id > 0, checkpoint: %s}
b: {type: transform.expression, from: a, columns: {twice: id * 2}, retries: 0}
c: {type: transform.expression, from: b, columns: {more: twice + 1}, retries: 0}
one: {type: target.duckdb, from: b, table: one, write: {mode: append}, create: {if_missing: true}}
two: {type: target.duckdb, from: c, table: two, retries: 0, write: {mode: append}, create: {if_missing: true},
  pre_sql: [INSERT INTO missing VALUES (1)]}
"""


class Ran:
    """The stages that were really run, in order."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, plan: Plan, stage: str, *given: Any) -> Any:
        self.stages.append(stage)
        return run_stage(plan, stage, *given)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    spy = Ran()
    monkeypatch.setattr(pipeline_room, "run_stage", spy)
    return spy


@pytest.fixture
def plan(workplace: Workplace) -> Plan:
    workplace.sql("CREATE TABLE s AS SELECT range AS id FROM range(4)")
    return workplace.plan(NODES % "true")


def resume(workplace: Workplace, plan: Plan, run_id: str = "r1", **more: Any) -> RunResult:
    return run_pipeline(
        plan, run_values(run_id), workplace.connections(), workplace.project(), from_checkpoint=True, **more
    )


def reused(result: RunResult) -> list[str]:
    return [stage.stage for stage in result.stages if stage.reused]


def mend(workplace: Workplace) -> None:
    workplace.sql("CREATE TABLE missing (n INTEGER)")


def test_resume_runs_the_failed_stage_alone_and_publishes_nothing_twice(
    workplace: Workplace, plan: Plan, ran: Ran
) -> None:
    assert {stage.id for stage in plan.stages} == {"a", "b", "c", "one", "two"}
    assert set(workplace.run(plan).errors) == {"two"}
    mend(workplace)
    # Rows that came since belong to another run.
    workplace.sql("INSERT INTO s VALUES (9)")
    ran.stages.clear()
    result = resume(workplace, plan)
    assert (result.state, ran.stages) == ("success", ["two"])
    assert set(reused(result)) == {"a", "b", "c", "one"}
    assert [p.code for stage in result.stages for p in stage.problems] == ["DF-RUN-054"] * 4
    assert workplace.sql("SELECT id, more FROM two ORDER BY id") == [(1, 3), (2, 5), (3, 7)]
    assert workplace.sql("SELECT COUNT(*) FROM one") == [(3,)]


def test_resume_computes_again_what_is_gone_but_no_more(workplace: Workplace, plan: Plan, ran: Ran) -> None:
    workplace.run(plan)
    mend(workplace)
    # The rows of `c` and of `b` are gone, those of the checkpoint `a` stand.
    for (name,) in workplace.sql("SELECT table_name FROM _dataflow.stage_tables WHERE node IN ('b', 'c')"):
        workplace.sql(f"DROP TABLE IF EXISTS {name}")
    ran.stages.clear()
    assert resume(workplace, plan).state == "success"
    assert ran.stages == ["b", "c", "two"]
    assert workplace.sql("SELECT COUNT(*) FROM one") == [(3,)]


def test_resume_computes_again_what_was_edited_and_all_behind_it(workplace: Workplace, plan: Plan, ran: Ran) -> None:
    workplace.run(plan)
    mend(workplace)
    edited = workplace.plan((NODES % "true").replace("id * 2", "id * 3"))
    ran.stages.clear()
    result = resume(workplace, edited)
    assert reused(result) == ["a"]
    assert sorted(ran.stages) == ["b", "c", "one", "two"]
    assert workplace.sql("SELECT more FROM two ORDER BY more") == [(4,), (7,), (10,)]


def test_resume_with_another_value_bound_computes_again(workplace: Workplace, ran: Ran) -> None:
    workplace.sql("CREATE TABLE s AS SELECT range AS id FROM range(4)")
    text = "params: {low: {type: integer, default: 0}}\nnodes:\n" + "".join(
        f"  {line}\n" for line in (NODES % "true").replace("id > 0", "id > :low").splitlines()
    )
    plan = workplace.plan(text)
    workplace.run(plan, params={"low": 0})
    mend(workplace)
    ran.stages.clear()
    run_pipeline(
        plan, run_values("r1", params={"low": 1}), workplace.connections(), workplace.project(), from_checkpoint=True
    )
    assert len(ran.stages) == 5


def test_resume_of_a_run_that_succeeded_does_nothing(workplace: Workplace, plan: Plan, ran: Ran) -> None:
    mend(workplace)
    workplace.run_ok(plan)
    ran.stages.clear()
    result = resume(workplace, plan)
    assert (ran.stages, len(reused(result))) == ([], 5)
    assert workplace.sql("SELECT COUNT(*) FROM two") == [(3,)]


def test_plain_retry_of_a_run_that_was_resumed_to_its_end_does_everything(
    workplace: Workplace, plan: Plan, ran: Ran
) -> None:
    workplace.run(plan)
    mend(workplace)
    resume(workplace, plan)
    ran.stages.clear()
    workplace.run_ok(plan)
    assert len(ran.stages) == 5


def test_resume_after_a_killed_process(workplace: Workplace, plan: Plan, ran: Ran) -> None:
    mend(workplace)

    def die(plan: Plan, stage: str, *given: Any) -> Any:
        if stage == "c":
            os.kill(os.getpid(), signal.SIGKILL)
        return run_stage(plan, stage, *given)

    child = os.fork()
    if child == 0:
        with patch("dataflow_provider.execution.pipeline.run_stage", die):
            workplace.run(plan)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    result = resume(workplace, plan)
    assert result.state == "success"
    assert not {"a", "b"} & set(ran.stages)
    assert workplace.sql("SELECT COUNT(*) FROM one") == workplace.sql("SELECT COUNT(*) FROM two") == [(3,)]


def test_resume_reads_rows_that_lie_on_another_connection(workplace: Workplace, tmp_path: Path, ran: Ran) -> None:
    workplace.sql("CREATE TABLE s AS SELECT range AS id FROM range(4)", database=tmp_path / "other.duckdb")
    plan = workplace.plan(
        "src: {type: source.duckdb, connection: other, table: s, where: id > 0}\n"
        "t: {type: target.duckdb, connection: dataflow_warehouse, from: src, table: t, write: {mode: overwrite},\n"
        "    create: {if_missing: true}, pre_sql: [INSERT INTO missing VALUES (1)]}\n"
    )
    connections = workplace.connections(other=f'{{"conn_type": "duckdb", "host": "{tmp_path}/other.duckdb"}}')
    run_pipeline(plan, run_values("r1"), connections, workplace.project())
    mend(workplace)
    ran.stages.clear()
    result = run_pipeline(plan, run_values("r1"), connections, workplace.project(), from_checkpoint=True)
    assert (ran.stages, result.errors) == (["t"], {})
    assert workplace.sql("SELECT COUNT(*) FROM t") == [(3,)]


# ---------------------------------------------------------------- a part of a plan


def test_part_of_a_target_publishes_it_and_no_other(workplace: Workplace, plan: Plan) -> None:
    part = cut_plan(plan, "one")
    assert [stage.id for stage in part.stages] == ["a", "b", "one"]
    run_pipeline(part, run_values("r1"), workplace.connections(), workplace.project(), is_part=True)
    assert workplace.sql("SELECT COUNT(*) FROM one") == [(3,)]
    assert workplace.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'two'") == [(0,)]


def test_part_of_an_inner_node_counts_its_rows_and_keeps_none(workplace: Workplace) -> None:
    workplace.sql("CREATE TABLE s AS SELECT range AS id FROM range(4)")
    plan = workplace.plan(
        "src: {type: source.duckdb, table: s}\n"
        "few: {type: transform.filter, from: src, where: id > 1}\n"
        "more: {type: transform.expression, from: few, columns: {n: id + 1}}\n"
        "t: {type: target.duckdb, from: more, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n"
    )
    part = cut_plan(plan, "few")
    assert [(stage.id, stage.nodes) for stage in part.stages] == [("few", ("src", "few"))]
    result = run_pipeline(part, run_values("r1"), workplace.connections(), workplace.project(), is_part=True)
    assert {node.id: node.rows_out for node in result.nodes} == {"src": 4, "few": 2}
    assert workplace.sql("SELECT COUNT(*) FROM _dataflow.stage_tables") == [(0,)]
    assert workplace.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 't'") == [(0,)]


def test_whole_run_goes_on_from_a_part(workplace: Workplace, plan: Plan, ran: Ran) -> None:
    part = cut_plan(plan, "a")
    run_pipeline(part, run_values("r1"), workplace.connections(), workplace.project(), is_part=True)
    mend(workplace)
    ran.stages.clear()
    assert reused(resume(workplace, plan)) == ["a"]
    assert "a" not in ran.stages


@pytest.mark.parametrize("node", ["nope", "idle", "unused"])
def test_node_that_is_in_no_stage_is_refused(workplace: Workplace, node: str) -> None:
    plan = workplace.plan(
        NODES % "false" + "idle: {type: transform.filter, from: src, where: id > 1, enabled: false}\n"
        "unused: {type: transform.filter, from: src, where: id > 1}\n"
    )
    with pytest.raises(AuthorError) as caught:
        cut_plan(plan, node)
    assert caught.value.code == "DF-RUN-063"
