"""What is crashed: one pipeline a case, the rows its target holds before and after, and what may be seen between.

A state is what a look at the database finds: the target's rows without the run-id column (None while it is missing)
and the rows of the table that hooks write. All values are JSON's, so that states travel between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.models import Pipeline

Rows = list[list[Any]]
State = list[Any]
"""The target's rows or None, and the rows of the hooks' table."""

VALUES = RunValues("r1", None, datetime(2026, 1, 1), datetime(2026, 1, 2), workspace="w")
DAY, NEXT_DAY = "2026-01-01", "2026-01-02"
OLD: Rows = [[1, "old", DAY], [9, "stays", NEXT_DAY]]
NEW: Rows = [[1, "new", DAY], [2, "b", DAY]]
UPSERTED: Rows = [*NEW, [9, "stays", NEXT_DAY]]
LOGGED: Rows = [[0]]
CLEAR, COUNT = "DELETE FROM log", "INSERT INTO log SELECT COUNT(*) FROM t"


@dataclass(frozen=True)
class Case:
    """One pipeline from table `s` to table `t`.

    widens:    the source has a column more than the target
    marked:    the target has the run-id column
    exists:    whether the target is there before
    first_use: the product's own tables are made anew each time
    between:   states that hooks outside the transaction show beside the old and the new
    """

    write: Mapping[str, Any]
    after: Rows
    incoming: Rows = field(default_factory=lambda: NEW)
    fields: Mapping[str, Any] = field(default_factory=dict)
    widens: bool = False
    marked: bool = False
    exists: bool = True
    first_use: bool = False
    log_after: Rows = field(default_factory=lambda: LOGGED)
    between: tuple[State, ...] = ()

    @property
    def old(self) -> State:
        return [OLD if self.exists else None, LOGGED]

    @property
    def new(self) -> State:
        return [self.after, self.log_after]

    def allowed(self, engine: str) -> list[State]:
        """Return every state that somebody may see; where DDL commits, the empty or widened table is one of them."""
        states = [self.old, self.new, *self.between]
        if get_dialect(engine).transaction.ddl_commits:
            states += [] if self.exists else [[[], LOGGED]]
            states += [[[[*row, None] for row in OLD], LOGGED]] if self.widens else []
        return states

    def may_hide(self, engine: str) -> bool:
        """Return whether the publish has the table to itself for a while: where its transaction adds a column."""
        return self.widens and not get_dialect(engine).transaction.ddl_commits

    def plan(self, engine: str) -> Plan:
        target = {"type": f"target.{engine}", "from": "s", "table": "t", "write": self.write, **self.fields}
        return plan_pipeline(
            Pipeline.model_validate(
                {
                    "apiVersion": "dataflow/v1",
                    "kind": "Pipeline",
                    "id": "p",
                    "defaults": {"connection": "c"},
                    "nodes": {"s": {"type": f"source.{engine}", "table": "s"}, "t": target},
                }
            )
        )


def _outside(sql: str) -> dict[str, Any]:
    return {"sql": sql, "in_transaction": False}


UPSERT = {"mode": "upsert", "keys": ["id"]}
CASES: dict[str, Case] = {
    "append": Case({"mode": "append"}, sorted([*OLD, *NEW]), marked=True),
    "overwrite": Case({"mode": "overwrite"}, NEW),
    "overwrite_first_use": Case({"mode": "overwrite"}, NEW, first_use=True),
    "upsert": Case(UPSERT, UPSERTED),
    "upsert_dedupe": Case(
        {**UPSERT, "dedupe": {"order_by": ["v DESC"]}}, UPSERTED, incoming=[*NEW, [1, "a", DAY], [2, "a", NEXT_DAY]]
    ),
    "merge": Case(
        {"mode": "merge", "keys": ["id"], "delete_when": "v = 'b'"},
        [[1, "new", DAY]],
        incoming=[*NEW, [9, "b", NEXT_DAY]],
    ),
    "delete_insert_keys": Case({"mode": "delete_insert", "keys": ["id"]}, UPSERTED),
    "delete_insert_window": Case({"mode": "delete_insert", "window": {"column": "d"}}, UPSERTED),
    "create": Case({"mode": "append"}, NEW, fields={"create": {"if_missing": True}}, exists=False),
    "drift_add": Case(
        UPSERT,
        [[1, "new", DAY, 7], [2, "b", DAY, 8], [9, "stays", NEXT_DAY, None]],
        incoming=[[1, "new", DAY, 7], [2, "b", DAY, 8]],
        fields={"on_schema_drift": "add"},
        widens=True,
    ),
    "hooks_inside": Case({"mode": "overwrite"}, NEW, fields={"pre_sql": [CLEAR], "post_sql": [COUNT]}, log_after=[[2]]),
    "hooks_outside": Case(
        {"mode": "overwrite"},
        NEW,
        fields={"pre_sql": [_outside(CLEAR)], "post_sql": [_outside(COUNT)]},
        log_after=[[2]],
        between=([OLD, []], [NEW, []]),
    ),
}
