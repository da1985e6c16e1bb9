"""Five write modes on every engine that runs here: the rows they leave, and the same rows after a retry of the run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.data import Table
from tests.conformance.engine import Engine, OneConnection

COLUMNS = {"id": "INTEGER", "day": "DATE", "Value": "INTEGER"}
BEFORE = ((1, "2026-01-01", 10), (2, "2026-01-02", 20), (3, "2026-01-02", 30))
INCOMING = ((2, "2026-01-02", 200), (4, "2026-01-02", 400))
Rows = list[tuple[int, int]]

MODES: list[tuple[dict[str, Any], Rows]] = [
    ({"mode": "append"}, [(1, 10), (2, 20), (2, 200), (3, 30), (4, 400)]),
    ({"mode": "overwrite"}, [(2, 200), (4, 400)]),
    ({"mode": "upsert", "keys": ["id"]}, [(1, 10), (2, 200), (3, 30), (4, 400)]),
    ({"mode": "merge", "keys": ["id"], "delete_when": "id = 2"}, [(1, 10), (3, 30), (4, 400)]),
    ({"mode": "delete_insert", "keys": ["id"]}, [(1, 10), (2, 200), (3, 30), (4, 400)]),
    ({"mode": "delete_insert", "window": {"column": "day"}}, [(1, 10), (2, 200), (4, 400)]),
]


def name_of(write: dict[str, Any]) -> str:
    return f"{write['mode']}{'_window' if 'window' in write else ''}"


def run(engine: Engine, source: str, target: str, write: dict[str, Any], **fields: Any) -> RunResult:
    """Run one pipeline from table to table; the same run id each time, so the second call is a retry."""
    to = {"type": f"target.{engine.name}", "from": "rows", "table": engine.table(target), "write": write, **fields}
    pipeline = Pipeline.model_validate(
        {
            "apiVersion": "dataflow/v1",
            "kind": "Pipeline",
            "id": f"modes_{name_of(write)}",
            "defaults": {"connection": engine.spec.conn_id},
            "nodes": {
                "rows": {"type": f"source.{engine.name}", "table": engine.table(source)},
                "to": to,
            },
        }
    )
    values = RunValues("manual__1", interval_start=datetime(2026, 1, 2), interval_end=datetime(2026, 1, 3))
    project = Project(engine.folder, "default", (engine.folder,), engine.folder / "unused.duckdb")
    result = run_pipeline(plan_pipeline(pipeline), values, OneConnection(engine.spec), project)
    for error in result.errors.values():
        raise error
    return result


def rows_in(engine: Engine, table: str) -> Rows:
    quote = engine.quoted
    with engine.session() as session:
        _, rows = session.fetch_rows(f"SELECT * FROM {quote(table)}")
    return sorted((int(row[0]), int(row[2])) for row in rows)


@pytest.mark.parametrize(("write", "expected"), MODES, ids=[name_of(write) for write, _ in MODES])
def test_write_mode_and_its_retry_leave_the_same_rows(write: dict[str, Any], expected: Rows, engine: Engine) -> None:
    name = name_of(write)
    columns = {**COLUMNS, "_run_id": "VARCHAR"} if name == "append" else COLUMNS
    before = tuple((*row, None) for row in BEFORE) if name == "append" else BEFORE
    engine.create(Table(f"in_{name}", COLUMNS, INCOMING), Table(f"to_{name}", columns, before))
    for _ in range(2):
        run(engine, f"in_{name}", f"to_{name}", write)
        assert rows_in(engine, f"to_{name}") == expected


def test_duplicate_and_null_keys_stop_before_the_target(engine: Engine) -> None:
    write = {"mode": "upsert", "keys": ["id"]}
    for name, rows in (("twice", (*INCOMING, INCOMING[0])), ("null", ((None, "2026-01-02", 1),))):
        engine.create(Table(f"in_{name}", COLUMNS, rows), Table(f"to_{name}", COLUMNS, BEFORE))
        with pytest.raises(DataflowError, match="DF-RUN-040"):
            run(engine, f"in_{name}", f"to_{name}", write)
        assert rows_in(engine, f"to_{name}") == [(1, 10), (2, 20), (3, 30)]


def test_target_counts_the_rows_it_was_given_and_those_it_wrote(engine: Engine) -> None:
    engine.create(Table("in_count", COLUMNS, INCOMING), Table("to_count", COLUMNS, BEFORE))
    result = run(engine, "in_count", "to_count", {"mode": "upsert", "keys": ["id"]})
    written = next(node for node in result.nodes if node.id == "to")
    assert (written.rows_in, written.rows_out) == (2, 2)


def test_new_column_is_added_and_filled(engine: Engine) -> None:
    incoming = tuple((*row, text) for row, text in zip(INCOMING, ("ä", None), strict=True))
    engine.create(Table("in_wide", {**COLUMNS, "note": "VARCHAR"}, incoming), Table("to_wide", COLUMNS, BEFORE))
    run(engine, "in_wide", "to_wide", {"mode": "upsert", "keys": ["id"]}, on_schema_drift="add")
    with engine.session() as session:
        columns, rows = session.fetch_rows(f"SELECT * FROM {engine.quoted('to_wide')}")
    assert columns == ("id", "day", "Value", "note")
    assert sorted((row[0], row[3]) for row in rows) == [(1, None), (2, "ä"), (3, None), (4, None)]


def test_statement_that_fails_in_the_publish_takes_all_of_it_back(engine: Engine) -> None:
    engine.create(Table("in_undo", COLUMNS, INCOMING), Table("to_undo", COLUMNS, BEFORE))
    broken = f"DELETE FROM {engine.quoted('no_such_table')}"
    with pytest.raises(DataflowError, match="DF-RUN-"):
        run(engine, "in_undo", "to_undo", {"mode": "overwrite"}, post_sql=[broken])
    assert rows_in(engine, "to_undo") == [(1, 10), (2, 20), (3, 30)]


def test_no_stage_table_is_left_behind(engine: Engine) -> None:
    write = {"mode": "overwrite"}
    engine.create(Table("in_left", COLUMNS, INCOMING), Table("to_left", COLUMNS, BEFORE))
    run(engine, "in_left", "to_left", write)
    register = "_dataflow_stage_tables" if engine.name == "sqlite" else "_dataflow.stage_tables"
    with engine.session() as session:
        # Of the runs that failed above, tables stay for seven days.
        assert session.fetch_number(f"SELECT COUNT(*) FROM {register} WHERE pipeline = 'modes_overwrite'") == 0
