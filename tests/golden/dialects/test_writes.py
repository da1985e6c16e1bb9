"""Every write mode on every engine: the statements are kept, run in DuckDB's words, and may stop before any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError
from dataflow_provider.write_modes.publish import check_steps, prepare_steps, publish_steps, require_supported
from tests.golden.conftest import Golden
from tests.golden.dialects.writes import AS_DUCKDB, COLUMNS, LAYOUTS, STAGE, WRITES, context

HERE = Path(__file__).parent
ENGINES = tuple(AS_DUCKDB)
CASES = [(engine, write) for engine in ENGINES for write in WRITES]
NO_RANK = {("sybase", "upsert_dedupe")}
OLD = [(1, "old", "2026-01-01 10:00:00"), (2, "old", "2026-01-01 12:00:00"), (3, "old", "2025-12-31 00:00:00")]
NEW = [(2, "new", "2026-01-01 12:00:00"), (4, "new", "2026-01-01 23:00:00"), (5, "gone", "2026-01-01 09:00:00")]
GONE = (1, "gone", "2026-01-01 10:00:00")
TWICE = (4, "older", "2026-01-01 22:00:00")
SQL_COLUMNS = '"Key" INTEGER, "group" VARCHAR, "at" TIMESTAMP'
AFTER = {
    "append": [*OLD, *NEW, GONE],
    "append_at_least_once": [*OLD, *NEW, GONE],
    "overwrite": [*NEW, GONE],
    "upsert": [GONE, OLD[2], *NEW],
    "upsert_two_keys": [GONE, OLD[2], *NEW],
    "upsert_keys_only": [*OLD, NEW[1], NEW[2]],
    "upsert_dedupe": [GONE, OLD[2], *NEW],
    "merge": [OLD[2], NEW[0], NEW[1]],
    "merge_keys_only": [OLD[1], OLD[2], NEW[1]],
    "delete_insert_keys": [GONE, OLD[2], *NEW],
    "delete_insert_two_keys": [GONE, OLD[2], *NEW],
    "delete_insert_window": [OLD[2], *NEW, GONE],
}


def publish(engine: str, write: str) -> tuple[Step, ...]:
    return publish_steps(context(engine, write))


@pytest.mark.parametrize(("engine", "write"), CASES)
def test_statements_of_a_write_mode_are_as_reviewed(engine: str, write: str, golden: Golden) -> None:
    ctx = context(engine, write)
    if (engine, write) in NO_RANK:
        with pytest.raises(AuthorError, match="DF-WRITE-014"):
            require_supported(ctx)
        return
    require_supported(ctx)
    text = "".join(f"-- {step.kind}\n{step.sql};\n\n" for step in (*check_steps(ctx), *publish_steps(ctx)))
    golden(HERE / engine / f"write_{write}.sql", text)


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine != "teradata_merge"])
def test_statements_around_a_publish_are_as_reviewed(engine: str, golden: Golden) -> None:
    ctx = context(engine, "append", create={"if_missing": True, **LAYOUTS[engine]}, on_schema_drift="add")
    missing = replace(ctx, target_columns=None)
    narrow = replace(ctx, target_columns={"Key": ctx.columns["Key"], "_run_id": ctx.columns["group"]})
    steps = [*prepare_steps(missing), *publish_steps(narrow)]
    lock = ctx.sql.lock(ctx.target.table)
    texts = [*((lock.take, lock.holder, lock.release) if lock else ()), *(step.sql for step in steps)]
    golden(HERE / engine / "around_a_publish.sql", "".join(f"{text};\n\n" for text in texts if text))


# ---------------------------------------------------------------- the rows they leave


@contextmanager
def tables(write: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as raw:
        marker = ', "_run_id" VARCHAR' if write == "append" else ""
        raw.execute(f'CREATE SCHEMA mart; CREATE TABLE mart."Usage" ({SQL_COLUMNS}{marker})')
        raw.execute(f'CREATE TABLE "{STAGE}" ({SQL_COLUMNS})')
        raw.executemany('INSERT INTO mart."Usage" ("Key", "group", "at") VALUES (?, ?, ?)', OLD)
        staged = [*NEW, GONE, *([TWICE] if write == "upsert_dedupe" else [])]
        raw.executemany(f'INSERT INTO "{STAGE}" VALUES (?, ?, ?)', staged)
        yield raw


def rows(raw: duckdb.DuckDBPyConnection) -> list[str]:
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    return sorted(str(row) for row in raw.execute(f'SELECT {names} FROM mart."Usage"').fetchall())


def wanted(found: list[tuple[int, str, str]]) -> list[str]:
    with duckdb.connect() as raw:
        raw.execute(f"CREATE TABLE wanted ({SQL_COLUMNS})")
        raw.executemany("INSERT INTO wanted VALUES (?, ?, ?)", found)
        return sorted(str(row) for row in raw.execute("FROM wanted").fetchall())


class Killed(Exception):
    """The process is gone at this point."""


def run(raw: duckdb.DuckDBPyConnection, engine: str, steps: tuple[Step, ...], kill_before: int | None = None) -> None:
    """Run the steps as the execution room groups them: those in the transaction share one, the others commit alone."""
    number = 0
    for together, group in groupby(steps, key=lambda step: step.in_transaction):
        assert together
        raw.execute("BEGIN")
        try:
            for step in group:
                if number == kill_before:
                    raise Killed
                number += 1
                for sql in AS_DUCKDB[engine](step.sql):
                    raw.execute(sql)
        except BaseException:
            raw.execute("ROLLBACK")
            raise
        raw.execute("COMMIT")


RUNNING = [case for case in CASES if case not in NO_RANK]


@pytest.mark.parametrize(("engine", "write"), RUNNING)
def test_publish_leaves_the_rows_of_its_mode(engine: str, write: str) -> None:
    with tables(write) as raw:
        run(raw, engine, publish(engine, write))
        assert rows(raw) == wanted(AFTER[write])


@pytest.mark.parametrize(("engine", "write"), [case for case in RUNNING if case[1] != "append_at_least_once"])
def test_publish_again_leaves_the_same_rows(engine: str, write: str) -> None:
    with tables(write) as raw:
        run(raw, engine, publish(engine, write))
        run(raw, engine, publish(engine, write))
        assert rows(raw) == wanted(AFTER[write])


@pytest.mark.parametrize(("engine", "write"), RUNNING)
def test_killed_publish_shows_nothing_and_can_be_tried_again(engine: str, write: str) -> None:
    steps = publish(engine, write)
    for number in range(len(steps)):
        with tables(write) as raw:
            with pytest.raises(Killed):
                run(raw, engine, steps, number)
            assert rows(raw) == wanted(OLD)
            run(raw, engine, steps)
            assert rows(raw) == wanted(AFTER[write])


@pytest.mark.parametrize("write", WRITES)
def test_databricks_publishes_by_one_statement(write: str) -> None:
    assert len(publish("databricks", write)) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_definitions_stand_outside_where_they_would_commit(engine: str) -> None:
    ctx = context(engine, "append", create={"if_missing": True}, on_schema_drift="add")
    made = prepare_steps(replace(ctx, target_columns=None))
    widened = publish_steps(replace(ctx, target_columns={"Key": ctx.columns["Key"]}))[:2]
    assert made
    for step in (*made, *widened):
        assert step.in_transaction != ctx.dialect.transaction.ddl_commits
