"""What the compiler must know of an engine: names, statement shells, what it can do, and passes over the SQL tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataflow_provider.dialects.publish import PublishSql
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

    Legalise = Callable[[exp.Expr], exp.Expr]


@dataclass(frozen=True)
class SqlDialect:
    """One engine.

    name:               connector and dialect name in our files
    sqlglot:            name of sqlglot's dialect for its text
    parameter_mark:     how that dialect writes a named parameter, put where an author's `:name` stands
    legalise:           passes over a finished tree, in order, each returning a tree the engine runs with equal meaning
    publish:            the statements of a publish
    transaction:        which statements may share a transaction
    stage_schema:       where stage tables live; made when missing
    reads_files:        whether the engine itself reads and writes files
    table_functions:    functions an author may use as a table; everything else could reach outside the database
    forbidden_function: pattern of functions that reach outside the database or run text as SQL, refused everywhere
    """

    name: str
    sqlglot: str
    parameter_mark: str
    stage_schema: str
    publish: PublishSql
    table_functions: frozenset[str]
    forbidden_function: str
    reads_files: bool = False
    legalise: tuple[Legalise, ...] = field(default=())
    transaction: TransactionPlan = field(default=TransactionPlan())

    def stage_table(self, name: str) -> str:
        """Return the quoted, qualified name of a stage table."""
        return f"{self.publish.quote(self.stage_schema)}.{self.publish.quote(name)}"

    def create_stage_schema(self) -> str | None:
        """Return the statement that makes it when missing; None where there are no schemas to make."""
        return self.publish.create_schema(self.stage_schema)

    def create_stage(self, table: str, select: str) -> str:
        """Return the statement that builds a stage table anew; a retry replaces what an earlier try left."""
        return f"CREATE OR REPLACE TABLE {table} AS\n{select}"

    def create_temporary(self, table: str, select: str) -> str:
        """Return the statement that keeps rows for the rest of the session."""
        return f"CREATE OR REPLACE TEMPORARY TABLE {table} AS\n{select}"

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE IF EXISTS {table}"
