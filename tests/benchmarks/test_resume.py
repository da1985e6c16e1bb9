"""A run of ten stages that failed at the ninth: going on from its checkpoint beside the last two stages alone.

By CPU time: the engine runs in this process, and the machine may be busy.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.errors import TransientError
from dataflow_provider.execution import pipeline as pipeline_room
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.stage import run_stage
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.benchmarks.figures import record

SIZES = [
    pytest.param(1_000, 1, marks=pytest.mark.smoke),
    pytest.param(100_000, 3, marks=pytest.mark.benchmark),
]
LAST = ("s9", "t")


def ten_stages() -> Plan:
    nodes: dict[str, Any] = {"rows": {"type": "source.duckdb", "table": "rows"}}
    before = "rows"
    for number in range(1, 10):
        columns = {"h": f"md5(h || '{number}')"}
        own = {"retries": 0} if number > 1 else {}
        nodes[f"s{number}"] = {"type": "transform.expression", "from": before, "columns": columns, **own}
        before = f"s{number}"
    write = {"write": {"mode": "overwrite"}, "create": {"if_missing": True}}
    nodes["t"] = {"type": "target.duckdb", "from": before, "table": "t", "retries": 0, **write}
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "ten_stages", "nodes": nodes}
    return plan_pipeline(Pipeline.model_validate(document))


@pytest.mark.parametrize(("rows", "rounds"), SIZES)
def test_resume_costs_what_is_missing(rows: int, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as raw:
        raw.execute(f"CREATE TABLE rows AS SELECT range AS id, md5(range::VARCHAR) AS h FROM range({rows})")
    plan, connections = ten_stages(), EnvironmentConnections(warehouse, environment={})
    assert len(plan.stages) == 10
    project = Project(tmp_path, "w", (tmp_path,), warehouse)
    ran: list[str] = []
    fails = True

    def run(plan: Plan, stage: str, *given: Any) -> Any:
        if stage == "s9" and fails:
            raise TransientError("DF-RUN-010", "the database is full")
        ran.append(stage)
        return run_stage(plan, stage, *given)

    monkeypatch.setattr(pipeline_room, "run_stage", run)
    ratios, resumed = [], []
    for number in range(rounds):
        values, alone = RunValues(f"manual__{number}"), RunValues(f"manual__alone_{number}")
        fails = True
        assert set(run_pipeline(plan, values, connections, project).errors) == {"s9"}
        assert set(run_pipeline(plan, alone, connections, project).errors) == {"s9"}
        fails = False
        started = time.process_time()
        for stage in LAST:
            run_stage(plan, stage, alone, connections, project)
        seconds = time.process_time() - started
        ran.clear()
        started = time.process_time()
        result = run_pipeline(plan, values, connections, project, from_checkpoint=True)
        resumed.append(time.process_time() - started)
        ratios.append(resumed[-1] / seconds)
        assert (result.state, ran) == ("success", list(LAST))
    ratio = statistics.median(ratios)
    record(
        "resume", {"rows": rows, "cpu_seconds": round(statistics.median(resumed), 3), "times_last_two": round(ratio, 3)}
    )
    if rounds > 1:
        assert ratio <= 1.15
