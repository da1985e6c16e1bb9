"""The register of stage tables in each database: who made them, who still needs them, when they may go.

It lives beside the tables, in the same database, so it is never wrong about them. Its columns are short texts on every
engine, times too (UTC, `2026-01-31T06:00:00Z`), so that no engine's clock, zone or arithmetic is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dataflow_provider.compiler.compiled import Output
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import DataflowError, TerminalError
from dataflow_provider.settings import Settings

logger = logging.getLogger(__name__)

_TABLES = ("table_name", "pipeline", "workspace", "run_id", "node", "port", "created_at", "hash")
_READS = ("table_name", "stage", "read_at")
_LENGTHS = {"run_id": 250, "pipeline": 200, "workspace": 200}
_USUAL_LENGTH = 128


@dataclass(frozen=True)
class RegisteredTable:
    """A stage table as the register tells it: by its quoted name, `created_at` in UTC."""

    table: str
    pipeline: str
    workspace: str
    run_id: str
    node: str
    port: str
    created_at: str


@dataclass(frozen=True)
class StageRegister:
    """The register in the database of one session, whoever made the tables."""

    session: SqlSession
    dialect: SqlDialect

    def tables(self) -> list[RegisteredTable]:
        """Return all tables, the oldest first; none where nothing has run yet."""
        if self.session.columns_of(self._register) is None:
            return []
        rows = self._rows(_TABLES[:7], self._register, "1 = 1")
        # Oracle keeps an empty text as NULL.
        found = (RegisteredTable(*("" if text is None else str(text) for text in row)) for row in rows)
        return sorted(found, key=lambda one: (one.created_at, one.table))

    def drop(self, tables: Iterable[str]) -> None:
        """The tables, by their quoted names, are gone and forgotten; a missing one is no error."""
        for table in tables:
            if self.session.columns_of(table) is not None:
                self.session.execute(self.dialect.drop_table(table))
            if self._ask("table_name", self._register, self._is(table)):
                self._forget(table)

    def drop_if_possible(self, tables: Iterable[str]) -> None:
        """The tables are gone, except those that somebody else owns or uses: those stay for another time."""
        for table in tables:
            try:
                self.drop((table,))
            except DataflowError as error:
                logger.warning("The stage table %s stays for now: %s", table, error)

    def _ask(self, column: str, register: str, condition: str) -> list[str]:
        return [row[0] for row in self._rows((column,), register, condition)]

    def _rows(self, names: Sequence[str], register: str, condition: str) -> list[tuple[Any, ...]]:
        columns = self.dialect.publish.columns(names)
        return self.session.fetch_rows(f"SELECT {columns} FROM {register} WHERE {condition}")[1]

    def _add(self, register: str, columns: Sequence[str], values: Sequence[str]) -> None:
        texts = ", ".join(map(self._text, values))
        self.session.execute(f"INSERT INTO {register} ({self.dialect.publish.columns(columns)}) VALUES ({texts})")

    def _forget(self, table: str) -> None:
        """In this order a crash leaves a table that is known, never marks of readers that nobody looks for."""
        for register in (self._reads, self._register):
            self.session.execute(f"DELETE FROM {register} WHERE {self._is(table)}")

    def _is(self, table: str) -> str:
        return f"{self._quote('table_name')} = {self._text(table)}"

    def _quote(self, name: str) -> str:
        return self.dialect.publish.quote(name)

    def _text(self, value: str) -> str:
        return self.dialect.publish.text(value)

    @property
    def _register(self) -> str:
        return self.dialect.stage_table("stage_tables")

    @property
    def _reads(self) -> str:
        return self.dialect.stage_table("stage_reads")


@dataclass(frozen=True)
class StageTables(StageRegister):
    """The stage tables of one run in the database of one session."""

    plan: Plan
    values: RunValues

    def prepare(self) -> None:
        """The register exists, and tables nobody came back for in the days of their retention are gone."""
        schema = self.dialect.create_stage_schema()
        for register, columns in ((self._register, _TABLES), (self._reads, _READS)):
            if self.session.columns_of(register) is None:
                self._make(([] if schema is None else [schema]) + [self._creation(register, columns)], register)
        oldest = utc_text(datetime.now(UTC) - timedelta(days=Settings.load().stage_retention_days))
        self.drop_if_possible(
            self._ask("table_name", self._register, f"{self._quote('created_at')} < {self._text(oldest)}")
        )

    def register(self, outputs: Iterable[Output], digest: str) -> None:
        """The tables just built stand in the register; nobody has read them yet.

        Raises:
            TerminalError: when another run has a table of this name; its rows and ours must not meet.
        """
        found = list(outputs)
        for output, known in zip(found, self.require_own(found), strict=True):
            if known:
                self._forget(output.table)
            row = (output.table, *self._owner(output), utc_text(datetime.now(UTC)), digest)
            self._add(self._register, _TABLES, row)

    def require_own(self, outputs: Iterable[Output]) -> list[bool]:
        """Return of each whether it stands in the register already; none is another run's, so all may be replaced.

        Raises:
            TerminalError: when another run has a table of one of these names; its rows and ours must not meet.
        """
        return [self._is_own(output.table, self._owner(output)) for output in outputs]

    def stands(self, output: Output) -> bool:
        """Return whether the rows of an output are there, finished, and this run's."""
        if self.session.columns_of(self._register) is None or not self._is_own(output.table, self._owner(output)):
            return False
        finished = self._ask("hash", self._register, self._is(output.table))
        return all(finished) and self.session.columns_of(output.table) is not None

    def build_of(self, table: str) -> str:
        """Return what tells this build of a table from every other; "" for one that is not registered."""
        rows = self._rows(("created_at", "hash"), self._register, self._is(table))
        return " ".join(str(value or "") for row in rows for value in row)

    def mark_read(self, table: str, stage: str) -> None:
        """The stage has done its work with the table, whatever happens to it now."""
        self._add(self._reads, _READS, (table, stage, utc_text(datetime.now(UTC))))

    def is_read_by_all(self, table: str, stages: Iterable[str]) -> bool:
        """Return whether each of the stages has marked the table as read."""
        return set(self._ask("stage", self._reads, self._is(table))) >= set(stages)

    # ------------------------------------------------------------ rows of the register

    def _make(self, statements: Iterable[str], register: str) -> None:
        """Another stage may make it at this moment; then its statements fail, and the register is there."""
        try:
            for statement in statements:
                self.session.execute(statement)
        except DataflowError:
            if self.session.columns_of(register) is None:
                raise

    def _creation(self, register: str, columns: Sequence[str]) -> str:
        kinds = (self.dialect.publish.text_type(_LENGTHS.get(name, _USUAL_LENGTH)) for name in columns)
        typed = ", ".join(f"{self._quote(name)} {kind}" for name, kind in zip(columns, kinds, strict=True))
        return f"CREATE TABLE {register} ({typed})"

    def _owner(self, output: Output) -> tuple[str, ...]:
        """Return what the register says of a table of this run; a long text is cut, as its hash stays in the name."""
        values = self.values
        place = f"{values.workspace}/{values.environment}" if values.environment else values.workspace
        owner = (self.plan.pipeline.id, place, values.run_id, output.node, output.port or "")
        return tuple(text[: _LENGTHS.get(name, _USUAL_LENGTH)] for name, text in zip(_TABLES[1:], owner, strict=False))

    def _is_own(self, table: str, owner: tuple[str, ...]) -> bool:
        """Return whether the table stands in the register, as this run's; False when nobody's does.

        One question, as engines in the cloud take their time for each.
        """
        names = _TABLES[1 : 1 + len(owner)]
        rows = self._rows(names, self._register, self._is(table))
        for row in rows:
            for name, other, value in zip(names, row, owner, strict=True):
                # Oracle keeps an empty text as NULL, and so do we on Sybase ASE.
                if (other or "") != value:
                    raise TerminalError(
                        "DF-RUN-053",
                        f"the stage table {table} belongs to another run: its {name} is `{other}`, ours is `{value}`",
                        hint="Two runs have the same short name by chance: start this one under another run id.",
                    )
        return bool(rows)


def utc_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def readers_of(plan: Plan, node: str, port: str | None) -> tuple[str, ...]:
    """Return the stages that read the kept rows of a node's port."""
    return tuple(stage.id for stage in plan.stages if any((one.node, one.port) == (node, port) for one in stage.inputs))


def is_kept(plan: Plan, stage: Stage) -> bool:
    """Return whether the stage's rows are kept as a checkpoint after all have read them."""
    return plan.pipeline.nodes[stage.id].checkpoint
