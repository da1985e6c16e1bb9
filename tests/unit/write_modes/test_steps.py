"""The statements of a publish: their order, their quoting, and what is refused before there is any."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import pytest

from dataflow_provider.dialects.postgres import POSTGRES
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.nodes import SqlTarget
from dataflow_provider.write_modes.context import WriteContext
from dataflow_provider.write_modes.publish import check_steps, prepare_steps, publish_steps, require_supported
from dataflow_provider.write_modes.registry import WRITE_MODES

KEY = '"select ""x"""'
TABLE = '"my ""table"""'
ODD = {'select "x"': "INTEGER", "group; --": "VARCHAR"}


def context(write: dict[str, Any], columns: dict[str, str], run_id: str = "r1", **fields: Any) -> WriteContext:
    known = {name: fields.pop(name) for name in ("target_columns", "interval_start", "interval_end") if name in fields}
    target = SqlTarget.model_validate(
        {"type": "target.duckdb", "from": "a", "table": f"odd.{TABLE}", "write": write, **fields}
    )
    return WriteContext("p", "t", target, '"stage one"', columns, run_id, **known)


def run(raw: duckdb.DuckDBPyConnection, steps: tuple[Step, ...]) -> list[Any]:
    return [raw.execute(step.sql).fetchall() for step in steps]


@pytest.mark.parametrize(
    "write",
    [
        {"mode": "append"},
        {"mode": "overwrite"},
        {"mode": "upsert", "keys": ['select "x"']},
        {"mode": "merge", "keys": ['select "x"'], "delete_when": "\"group; --\" = 'gone' -- a comment"},
        {"mode": "delete_insert", "keys": ['select "x"'], "dedupe": {"order_by": ['"group; --" DESC']}},
    ],
    ids=lambda write: str(write["mode"]),
)
def test_odd_names_and_run_ids_stay_names_and_texts(write: dict[str, Any]) -> None:
    ctx = context(write, ODD, run_id="it's; DROP TABLE x", create={"if_missing": True})
    with duckdb.connect() as raw:
        raw.execute(f'CREATE TABLE "stage one" ({KEY} INTEGER, "group; --" VARCHAR)')
        raw.execute("INSERT INTO \"stage one\" VALUES (1, 'a'), (2, 'b')")
        assert all(answer[0][0] == 0 for answer in run(raw, check_steps(ctx)))
        run(raw, prepare_steps(ctx))
        for _ in range(2):
            run(raw, publish_steps(ctx))
        found = raw.execute(f'SELECT {KEY}, "group; --" FROM odd.{TABLE} ORDER BY 1').fetchall()
    assert found == [(1, "a"), (2, "b")]


def test_steps_come_in_the_order_of_the_page() -> None:
    hooks = [{"sql": "SELECT 'outside'", "in_transaction": False}, "SELECT 'inside'"]
    ctx = context({"mode": "overwrite"}, {"a": "INTEGER"}, pre_sql=hooks, post_sql=hooks, create={"if_missing": True})
    steps = (*prepare_steps(ctx), *publish_steps(ctx))
    assert [(step.sql.split("\n")[0][:16], step.in_transaction) for step in steps] == [
        ("SELECT 'outside'", False),
        ("CREATE SCHEMA IF", True),
        ("CREATE TABLE IF ", True),
        ("SELECT 'inside'", True),
        ('DELETE FROM "odd', True),
        ('INSERT INTO "odd', True),
        ("SELECT 'inside'", True),
        ("SELECT 'outside'", False),
    ]


def test_every_mode_of_the_language_is_there() -> None:
    assert set(WRITE_MODES) == {"append", "overwrite", "upsert", "merge", "delete_insert"}


@pytest.mark.parametrize(
    ("write", "code"),
    [
        ({"mode": "upsert"}, "DF-WRITE-001"),
        ({"mode": "upsert", "keys": ["nope"]}, "DF-WRITE-002"),
        ({"mode": "upsert", "keys": ["a"], "update_columns": ["nope"]}, "DF-WRITE-002"),
        ({"mode": "delete_insert", "window": {"column": "a"}}, "DF-WRITE-003"),
    ],
)
def test_what_cannot_be_written_is_refused(write: dict[str, Any], code: str) -> None:
    with pytest.raises(AuthorError) as caught:
        publish_steps(context(write, {"a": "DATE"}))
    assert (caught.value.code, caught.value.place.node) == (code, "t")


def test_key_missing_in_the_target_is_refused() -> None:
    ctx = context({"mode": "upsert", "keys": ["a"]}, {"a": "INTEGER", "b": "INTEGER"}, target_columns={"b": "INTEGER"})
    with pytest.raises(AuthorError):
        publish_steps(ctx)


def test_layout_that_the_engine_lacks_is_refused() -> None:
    ctx = context({"mode": "append"}, {"a": "INTEGER"}, create={"if_missing": True, "cluster_by": ["a"]})
    with pytest.raises(AuthorError, match=r"DF-WRITE-007.*`create.cluster_by`"):
        require_supported(ctx)


def test_window_bounds_are_literals_of_the_interval() -> None:
    ctx = context(
        {"mode": "delete_insert", "window": {"column": "a"}},
        {"a": "TIMESTAMP"},
        interval_start=datetime(2026, 1, 1),
        interval_end=datetime(2026, 1, 2),
    )
    assert "\"a\" >= TIMESTAMP '2026-01-01 00:00:00.000000'" in publish_steps(ctx)[0].sql
    assert "\"a\" < TIMESTAMP '2026-01-02 00:00:00.000000'" in publish_steps(ctx)[0].sql


def test_name_that_postgres_would_cut_is_refused_before_a_table_is_made() -> None:
    ctx = replace(context({"mode": "overwrite"}, {"a": "INTEGER"}, create={"if_missing": True}), dialect=POSTGRES)
    assert prepare_steps(replace(ctx, target=ctx.target.model_copy(update={"table": "s." + "ö" * 31 + "x"})))
    with pytest.raises(AuthorError, match="of 64 bytes") as caught:
        prepare_steps(replace(ctx, target=ctx.target.model_copy(update={"table": "s." + "ö" * 32})))
    assert caught.value.code == "DF-SQL-021"
