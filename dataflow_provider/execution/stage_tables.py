"""The register of stage tables in each database: who made them, who still needs them, when they may go.

It lives beside the tables, in the same database and transaction, so it is never wrong about them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dataflow_provider.compiler.compiled import Output
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.base import SqlDialect

KEEP_DAYS = 7


@dataclass(frozen=True)
class StageTables:
    """The stage tables of one run in the database of one session."""

    session: SqlSession
    dialect: SqlDialect
    plan: Plan
    values: RunValues

    def prepare(self) -> None:
        """The register exists, and tables nobody came back for in seven days are gone."""
        self.session.execute(self.dialect.create_stage_schema())
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._register} (table_name VARCHAR, pipeline VARCHAR, workspace VARCHAR, "
            "run_id VARCHAR, node VARCHAR, port VARCHAR, created_at TIMESTAMP, hash VARCHAR)"
        )
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self._reads} (table_name VARCHAR, stage VARCHAR, read_at TIMESTAMP)"
        )
        _, rows = self.session.fetch_rows(
            f"SELECT table_name FROM {self._register} "
            f"WHERE created_at < CAST(CURRENT_TIMESTAMP AS TIMESTAMP) - INTERVAL {KEEP_DAYS} DAY"
        )
        self.drop(row[0] for row in rows)

    def register(self, outputs: Iterable[Output], digest: str) -> None:
        """The tables just built stand in the register; nobody has read them yet."""
        run = (self.plan.pipeline.id, self.values.workspace, self.values.run_id)
        for output in outputs:
            self._forget(output.table)
            texts = (output.table, *run, output.node, output.port or "")
            values = ", ".join(self.dialect.publish.text(text) for text in texts)
            self.session.execute(
                f"INSERT INTO {self._register} VALUES ({values}, CAST(CURRENT_TIMESTAMP AS TIMESTAMP), "
                f"{self.dialect.publish.text(digest)})"
            )

    def mark_read(self, table: str, stage: str) -> None:
        """The stage has done its work with the table, whatever happens to it now."""
        texts = f"{self.dialect.publish.text(table)}, {self.dialect.publish.text(stage)}"
        self.session.execute(f"INSERT INTO {self._reads} VALUES ({texts}, CAST(CURRENT_TIMESTAMP AS TIMESTAMP))")

    def is_read_by_all(self, table: str, stages: Iterable[str]) -> bool:
        """Return whether each of the stages has marked the table as read."""
        _, rows = self.session.fetch_rows(
            f"SELECT DISTINCT stage FROM {self._reads} WHERE table_name = {self.dialect.publish.text(table)}"
        )
        return {row[0] for row in rows} >= set(stages)

    def drop(self, tables: Iterable[str]) -> None:
        """The tables, by their quoted names, are gone and forgotten; a missing one is no error."""
        for table in tables:
            self.session.execute(self.dialect.drop_table(table))
            self._forget(table)

    def _forget(self, table: str) -> None:
        for register in (self._register, self._reads):
            self.session.execute(f"DELETE FROM {register} WHERE table_name = {self.dialect.publish.text(table)}")

    @property
    def _register(self) -> str:
        return self.dialect.stage_table("stage_tables")

    @property
    def _reads(self) -> str:
        return self.dialect.stage_table("stage_reads")


def readers_of(plan: Plan, node: str, port: str | None) -> tuple[str, ...]:
    """Return the stages that read the kept rows of a node's port."""
    return tuple(stage.id for stage in plan.stages if any((one.node, one.port) == (node, port) for one in stage.inputs))


def is_kept(plan: Plan, stage: Stage) -> bool:
    """Return whether the stage's rows are kept as a checkpoint after all have read them."""
    return plan.pipeline.nodes[stage.id].checkpoint
