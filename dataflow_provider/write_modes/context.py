"""What a write mode is told: the rows that are ready, the table they go to, and the run they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2s

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.duckdb import DUCKDB
from dataflow_provider.dialects.publish import PublishSql
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import SqlTarget

MAX_MARKER = 600
"""The length of a run-id column that we make."""
_ORDER_TERM = re.compile(
    r"^(?P<column>.+?)(?:\s+(?P<way>ASC|DESC))?(?:\s+NULLS\s+(?P<nulls>FIRST|LAST))?$", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class WriteContext:
    """One publish.

    `stage` is the quoted name of the table that holds the rows. `columns` and `target_columns` map real names to the
    engine's type texts in the table's order, `""` where the type is unknown (printing without a database);
    `target_columns` is None when the target does not exist or was not looked at. Interval bounds are naive UTC.
    """

    pipeline: str
    node: str
    target: SqlTarget
    stage: str
    columns: Mapping[str, str]
    run_id: str
    target_columns: Mapping[str, str] | None = None
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    dialect: SqlDialect = field(default=DUCKDB)
    workspace: str = ""
    environment: str = ""

    @property
    def sql(self) -> PublishSql:
        """The engine's templates."""
        return self.dialect.publish

    @property
    def table(self) -> str:
        """The target's quoted name."""
        return self.sql.table(self.target.table)

    @property
    def run_value(self) -> str:
        """What marks this run's rows in the run-id column."""
        return run_marker(self.run_id, self.pipeline, self.node, self.workspace, self.environment)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys as pairs target column → stage column.

        Raises:
            AuthorError: when the mode needs keys and none are given, or a key is missing on either side.
        """
        names = tuple(dict.fromkeys(self.target.write.keys))
        if not names:
            raise self.error("DF-WRITE-001", f"write mode `{self.target.write.mode}` needs `keys`", "Add `write.keys`.")
        return tuple((self.target_name(name), self.stage_name(name)) for name in names)

    def with_target(self, target_columns: Mapping[str, str] | None) -> WriteContext:
        """Return the same publish with the target as it is now."""
        return replace(self, target_columns=target_columns)

    def stage_name(self, name: str) -> str:
        """Return the real name of a stage column, found without regard to case."""
        return self._find(name, self.columns, "the rows to write")

    def target_name(self, name: str) -> str:
        """Return the real name of a target column, the name as given when the target is unknown."""
        return self._find(name, self.target_columns, "the target") if self.target_columns is not None else name

    def _find(self, name: str, columns: Mapping[str, str], owner: str) -> str:
        for candidate in columns:
            if candidate.casefold() == name.casefold():
                return candidate
        raise self.error(
            "DF-WRITE-002",
            f"column `{name}` is not in {owner} of `{self.target.table}`; there are {listed(columns)}",
            "Correct the name in `write`.",
        )

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return target column → stage column for every stage column that the target has, in the stage's order."""
        if self.target_columns is None:
            return tuple((name, name) for name in self.columns)
        ours = {name.casefold(): name for name in self.target_columns}
        return tuple((ours[name.casefold()], name) for name in self.columns if name.casefold() in ours)

    def rows(self, columns: Sequence[str] | None = None, extra: str = "") -> str:
        """Return the SELECT of the rows to write, one per key when `write.dedupe` says so; `extra` is added to it."""
        names = self.sql.columns(tuple(self.columns) if columns is None else columns) + extra
        dedupe = self.target.write.dedupe
        if dedupe is None or not self.target.write.keys:
            return f"SELECT {names} FROM {self.stage}"
        self.require_ranks()
        keys = [self.stage_name(name) for name in self.target.write.keys]
        order = [self._order_term(term) for term in dedupe.order_by]
        return self.sql.first_of_each(self.stage, names, keys, order)

    def require_ranks(self) -> None:
        """Refuse `write.dedupe` where rows cannot be ranked.

        Raises:
            AuthorError: when the engine has no ROW_NUMBER().
        """
        if self.target.write.dedupe is not None and not self.sql.ranks_rows:
            found = refused_dedupe(self.dialect.name)
            raise self.error(found.code, found.message, found.hint or "")

    def _order_term(self, term: str) -> str:
        match = _ORDER_TERM.match(term.strip())
        column = self.stage_name((match["column"] if match else term).strip('"'))
        descending = bool(match and (match["way"] or "").upper() == "DESC")
        nulls_first = bool(match and (match["nulls"] or "").upper() == "FIRST")
        return self.sql.order_term(self.sql.quote(column), descending=descending, nulls_first=nulls_first)

    def step(self, sql: str, *, counts: bool = False) -> Step:
        """Return a publish step of this target; with `counts` its own row count is the rows written."""
        return Step(
            "publish",
            sql,
            node=self.node,
            table=self.target.table,
            figure="rows_out" if counts else None,
            in_transaction=True,
        )

    def definition(self, sql: str) -> Step:
        """Return a publish step that makes or widens the target: in the transaction where the engine lets it."""
        return replace(self.step(sql), in_transaction=not self.dialect.transaction.ddl_commits)

    def replacement(self, statements: Sequence[str]) -> tuple[Step, ...]:
        """Return the publish steps of statements of which the last one writes the rows."""
        return (*(self.step(sql) for sql in statements[:-1]), self.step(statements[-1], counts=True))

    def check(self, sql: str, message: str) -> Step:
        return Step("check", sql, node=self.node, table=self.stage, message=message)

    def error(self, code: str, message: str, hint: str) -> AuthorError:
        return AuthorError(code, message, place=Place(node=self.node), hint=hint)


@dataclass(frozen=True)
class WriteMode:
    """A way for rows to reach a table: `checks` must pass before it is touched, `publish` is one transaction."""

    name: str
    checks: Callable[[WriteContext], tuple[Step, ...]]
    publish: Callable[[WriteContext], tuple[Step, ...]]


def run_marker(run_id: str, pipeline: str, node: str, workspace: str = "", environment: str = "") -> str:
    """Return what names the rows that one run wrote to one target; at most `MAX_MARKER` characters.

    Two pipelines on one schedule share their run ids, two environments may write to one table, and two targets of a
    pipeline may share a table or a folder: by the run id alone, one would replace the rows of the other.

    >>> run_marker("manual__1", "usage", "mart", "billing", "prod")
    'manual__1/prod/billing/usage/mart'
    """
    text = "/".join([run_id, *filter(None, (environment, workspace)), pipeline, node])
    if len(text) <= MAX_MARKER:
        return text
    parts = (run_id, environment, workspace, pipeline, node)
    digest = blake2s("\0".join(parts).encode(), digest_size=16).hexdigest()
    return f"{text[: MAX_MARKER - len(digest) - 1]}/{digest}"


def refused_dedupe(engine: str) -> Problem:
    """Return what is told where rows cannot be ranked."""
    return Problem(
        "DF-WRITE-014",
        ("write", "dedupe"),
        f"`write.dedupe` needs ROW_NUMBER(), which `{engine}` does not have",
        "Make the rows unique before they reach the target, such as by a `transform.aggregate`.",
    )


def listed(names: Mapping[str, str] | Sequence[str]) -> str:
    """Return the names in backticks for a message; `no columns` when there are none."""
    return ", ".join(f"`{name}`" for name in names) or "no columns"
