"""Row counts that quality nodes hand from run to run in XComs, whatever worker runs them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.operators.row_history import TaskHistory
from dataflow_provider.runs.xcoms import ROWS_XCOM
from tests.unit.operators.conftest import MakeContext, TaskNotes

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  calls: {type: source.duckdb, table: calls}
  fresh: {type: quality.freshness, from: calls, compare_runs: {n: 2, tolerance: 20%}, severity: block}
  mart: {type: target.duckdb, from: fresh, table: mart, create: {if_missing: true}, write: {mode: overwrite}}
"""


class Tasks(TaskNotes):
    """One try of a task whose runs before have left `before`."""

    task_id = "fresh"
    try_number = 1

    def __init__(self, before: Any) -> None:
        super().__init__()
        self._before = before

    def xcom_pull(self, **asked: Any) -> Any:
        assert asked == {"task_ids": "fresh", "key": ROWS_XCOM, "include_prior_dates": True, "map_indexes": -1}
        return self.xcom.get(ROWS_XCOM, self._before)


def history(run_id: str, before: Any) -> TaskHistory:
    return TaskHistory({"ti": Tasks(before), "dag_run": SimpleNamespace(run_id=run_id)})


def test_counts_go_on_from_run_to_run_and_own_tries_count_once() -> None:
    first = history("r1", None)
    assert first.earlier("fresh", 5) == []
    first.keep("fresh", 10)
    second = history("r2", {"fresh": [["r1", 10], ["r2", 99]]})
    assert second.earlier("fresh", 5) == [10]
    second.keep("fresh", 12)
    second.keep("other", 1)
    assert history("r3", {"fresh": [["r1", 10], ["r2", 12]]}).earlier("fresh", 1) == [12]


@pytest.mark.parametrize("left", [None, "text", [], {}])
def test_nothing_left_is_no_earlier_run(left: Any) -> None:
    assert history("r1", left).earlier("fresh", 3) == []


def test_task_compares_with_what_earlier_runs_left_and_leaves_its_own(project: Path, make_context: MakeContext) -> None:
    path = project / "yaml_pipelines" / "telecom" / "usage.yaml"
    path.write_text(PIPELINE)
    left: Any = None
    for number in (1, 2):
        context = {**make_context(run_id=f"r{number}"), "ti": Tasks(left)}
        PipelineStageOperator(task_id="fresh", pipeline=str(path)).execute(context)
        left = context["ti"].xcom[ROWS_XCOM]
    assert left == {"fresh": [["r1", 6], ["r2", 6]]}
    assert not (project / ".dataflow" / "quality").exists()
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        database.execute("DELETE FROM calls WHERE id > 2")
    context = {**make_context(run_id="r3"), "ti": Tasks(left)}
    with pytest.raises(AirflowFailException, match="6 on average"):
        PipelineStageOperator(task_id="fresh", pipeline=str(path)).execute(context)
    assert ROWS_XCOM not in context["ti"].xcom
