"""The real publish of engines that the tests cannot reach, crashed at every statement on a model of their transactions.

The table is then the old one or the new, and a retry makes it the new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from typing import Any, cast
from unittest.mock import patch

import duckdb
import pytest

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.publish import PublishSql
from dataflow_provider.dialects.transaction import TransactionPlan
from dataflow_provider.execution.publishing import publish_table
from dataflow_provider.execution.steps import StepRunner
from dataflow_provider.write_modes.context import WriteContext
from tests.crashes.model import FACTS, KINDS, TABLE, Crashed, ModelSession, look
from tests.golden.dialects.engines import ENGINES
from tests.golden.dialects.writes import AS_DUCKDB, STAGE, WRITES, context

OLD = [(1, "old", "2026-01-01 10:00:00"), (3, "old", "2025-12-31 00:00:00")]
NEW = [(1, "new", "2026-01-01 12:00:00"), (4, "new", "2026-01-01 23:00:00"), (5, "gone", "2026-01-01 09:00:00")]
CLEAR, COUNT = "DELETE FROM log", "INSERT INTO log SELECT 7"
AROUND = ("plain", "create", "drift", "hooks")
NO_RANK = ("sybase", "upsert_dedupe")
CASES = [
    (engine, write, around)
    for engine in AS_DUCKDB
    for write in WRITES
    for around in AROUND
    if (engine, write) != NO_RANK
    and write != "append_at_least_once"
    and (write in ("append", "upsert") or around == "plain")
]


class Stage:
    """One publish on one engine: its tables in DuckDB, and the states that anybody may see."""

    def __init__(
        self,
        raw: duckdb.DuckDBPyConnection,
        other: duckdb.DuckDBPyConnection,
        engine: str,
        write: str,
        around: str,
    ) -> None:
        self.raw, self.other, self.engine, self.around = raw, other, engine, around
        self.ctx = context(engine, write, **self._fields()).with_target(None)
        self.marked = write == "append"
        self._reset()
        self.old = look(self.other)
        self.publish()
        self.new = look(self.other)
        self.allowed = [self.old, self.new, *self._between()]

    def _fields(self) -> dict[str, Any]:
        if self.around == "create":
            return {"create": {"if_missing": True}}
        if self.around == "drift":
            return {"on_schema_drift": "add"}
        if self.around == "hooks":
            inside = self._shares()
            clear, count = ({"sql": sql, "in_transaction": inside} for sql in (CLEAR, COUNT))
            return {"pre_sql": [clear], "post_sql": [count]}
        return {}

    def _shares(self) -> bool:
        return FACTS[self.engine].shares

    def _between(self) -> list[Any]:
        """Where DDL commits, the empty or widened table; where nothing shares a transaction, hooks by themselves."""
        between: list[Any] = []
        if self.around == "create":
            between.append([[], self.old[1]])
        if self.around == "drift" and (FACTS[self.engine].commits or not self._shares()):
            between.append([[f"{row[:-1]}, None]" for row in self.old[0]], self.old[1]])
        if self.around == "hooks" and not self._shares():
            between += [[self.old[0], []], [self.new[0], []]]
        return between

    def _reset(self) -> None:
        columns = ", ".join(
            f'"{name}" {kind}'
            for name, kind in KINDS.items()
            if (name != "_run_id" or self.marked) and (name != "at" or self.around != "drift")
        )
        self.raw.execute("CREATE SCHEMA IF NOT EXISTS mart")
        self.raw.execute(f'DROP TABLE IF EXISTS {TABLE}; DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS "{STAGE}"')
        self.raw.execute("CREATE TABLE log AS SELECT 0 AS n")
        self.raw.execute(f'CREATE TABLE "{STAGE}" ("Key" INTEGER, "group" VARCHAR, "at" TIMESTAMP)')
        self.raw.execute(f'INSERT INTO "{STAGE}" VALUES {", ".join(map(str, NEW))}')
        if self.around == "create":
            return
        self.raw.execute(f"CREATE TABLE {TABLE} ({columns})")
        filled = 2 if self.around == "drift" else 3
        names = ", ".join(f'"{name}"' for name in list(KINDS)[:filled])
        rows = ", ".join(str(row[:filled]) for row in OLD)
        self.raw.execute(f"INSERT INTO {TABLE} ({names}) VALUES {rows}")

    def publish(self, crash_at: int | None = None) -> list[str]:
        """Publish as the execution room does and return the statements; a crash is not handled by anybody."""
        words = ENGINES[self.ctx.dialect.name]
        types = {**self.ctx.columns, "_run_id": words.text}
        session = ModelSession(self.raw, FACTS[self.engine], AS_DUCKDB[self.engine], types, self._watch, crash_at)
        runner = StepRunner(cast(SqlSession, session))
        try:
            publish_table(runner, self.ctx.with_target(session.columns_of(TABLE)), 1.0)
        except Crashed:
            session.end()
        return session.sent

    def _watch(self) -> None:
        if hasattr(self, "allowed") and (seen := look(self.other)) not in self.allowed:
            pytest.fail(f"somebody saw {seen}, allowed are {self.allowed}")

    def crash_everywhere(self) -> int:
        """Crash before each statement, look, retry twice from each state that a crash leaves; returns how often."""
        self._reset()
        total = len(self.publish())
        left: list[Any] = []
        for number in range(total):
            self._reset()
            self.publish(number)
            self._watch()
            whole = look(self.other, whole=True)
            if whole in left:
                continue
            left.append(whole)
            for _ in range(2):
                self.publish()
                assert look(self.other) == self.new
        return total


@cache
def server() -> duckdb.DuckDBPyConnection:
    """Return the one database of all cases; each begins by making its tables anew."""
    return duckdb.connect(config={"threads": 1})


@contextmanager
def stage(engine: str, write: str, around: str = "plain") -> Iterator[Stage]:
    with closing(server().cursor()) as raw, closing(server().cursor()) as other:
        yield Stage(raw, other, engine, write, around)


@pytest.mark.parametrize(("engine", "write", "around"), CASES)
def test_crash_at_every_statement_shows_old_or_new_and_a_retry_converges(engine: str, write: str, around: str) -> None:
    with stage(engine, write, around) as one:
        assert one.old != one.new
        assert one.crash_everywhere() >= (3 if FACTS[engine].shares else 1)


# ---------------------------------------------------------------- the model can fail


def spoilt(ctx: WriteContext, plan: TransactionPlan, templates: PublishSql | None = None) -> WriteContext:
    return replace(ctx, dialect=replace(ctx.dialect, transaction=plan, publish=templates or ctx.dialect.publish))


@pytest.mark.parametrize("engine", ["oracle", "teradata", "saphana", "sybase", "snowflake"])
def test_ddl_inside_the_transaction_is_noticed_where_it_commits(engine: str) -> None:
    with stage(engine, "upsert", "drift") as one:
        hooks = {"pre_sql": [CLEAR], "post_sql": [COUNT]}
        target = one.ctx.target.model_copy(update=hooks)
        one.ctx = replace(spoilt(one.ctx, TransactionPlan(ddl_commits=False)), target=target)
        one.allowed = [one.old, [one.new[0], [[7]]]]
        with pytest.raises(pytest.fail.Exception, match="somebody saw"):
            one.crash_everywhere()


@pytest.mark.parametrize("engine", ["oracle", "teradata", "saphana", "sybase", "sqlserver"])
def test_overwrite_without_a_transaction_is_noticed(engine: str) -> None:
    with (
        stage(engine, "overwrite") as one,
        patch.object(ModelSession, "transaction", lambda session: nullcontext()),
        pytest.raises(pytest.fail.Exception, match="somebody saw"),
    ):
        one.crash_everywhere()


def test_two_statements_where_each_is_a_transaction_are_noticed() -> None:
    with stage("databricks", "delete_insert_window") as one:
        generic = type("Generic", (type(one.ctx.sql),), {"replace_where": PublishSql.replace_where})()
        one.ctx = spoilt(one.ctx, TransactionPlan(ddl_commits=True), generic)
        with pytest.raises(pytest.fail.Exception, match="somebody saw"):
            one.crash_everywhere()


def test_truncate_is_noticed_where_it_commits() -> None:
    def overwrite(self: PublishSql, table: str, names: Any, source: str) -> tuple[str, ...]:
        return f"TRUNCATE TABLE {table}", self.insert(table, names, source)

    with stage("oracle", "overwrite") as one:
        truncating = type("Truncating", (type(one.ctx.sql),), {"overwrite": overwrite})()
        one.ctx = spoilt(one.ctx, one.ctx.dialect.transaction, truncating)
        with pytest.raises(pytest.fail.Exception, match="somebody saw"):
            one.crash_everywhere()
