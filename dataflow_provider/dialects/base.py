"""What the compiler must know of an engine: names, statement shells, what it can do, and passes over the SQL tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.publish import PublishSql
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

    Legalise = Callable[[exp.Expr], exp.Expr]

STAGE_PREFIX = "_dataflow_"
CAST_SOURCE = "source"
"""Where the `meta` of a cast in a `transform.select` holds the canonical type of what is cast, "" when unknown."""
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "NUMERIC", "FLOAT", "DOUBLE")
"""What the canonical types of numbers begin with."""


@dataclass(frozen=True)
class Sampling:
    """How an engine draws a random part of any rows; texts are in its own dialect, and sampled rows never NULL in them.

    native:      whether TABLESAMPLE (or SAMPLE) stands behind a common table expression
    random:      a number from 0 to a million that is drawn anew for each row; "" where there is none
    row_hash:    the hash of the text `_df_row` as hex digits in lower case; "" where a whole row can be hashed
    joins_texts: how texts become one
    """

    native: bool = False
    random: str = ""
    row_hash: str = ""
    joins_texts: Literal["||", "+", "CONCAT"] = "||"


@dataclass(frozen=True)
class SqlDialect:
    """One engine.

    name:               connector and dialect name in our files
    sqlglot:            name of sqlglot's dialect for its text
    parameter_mark:     how that dialect writes a named parameter, put where an author's `:name` stands
    legalise:           passes over a finished tree, in order, each returning a tree the engine runs with equal meaning
    publish:            the statements of a publish
    transaction:        which statements may share a transaction
    stage_schema:       where stage tables live, made when missing; None where there are no schemas
    live_tested:        whether our tests run it on a real server or its stand-in; told wherever its SQL is shown
    replaces_tables:    whether CREATE OR REPLACE TABLE exists; if not, a table is dropped before it is made
    temporary_tables:   whether there are tables of a session; if not, what it keeps stands among the stage tables
    strict_cast:        whether CAST fails for a value it cannot convert; if not, a check does before the publish
    casts_any_type:     whether CAST takes a type as the catalogue names it; if not, as sqlglot spells it for a cast
    typed_columns:      whether every column of a query has one type; if not, each value has its own
    keeps_with:         whether a WITH that is marked MATERIALIZED is computed once, however often it is read
    unions_whole:       whether a UNION ALL is made to its end, however few rows of it are asked for
    guesses_rows:       whether the planner may join row by row where it can only guess how many there are
    analyzes:           whether the statistics of a table just made are worth gathering, by ANALYZE
    max_join_tables:    how many tables a statement may join; None where no one counts them
    max_depth:          how many nodes may lie above each other in a statement; planning grows with the square of it
    max_characters:     how long a statement may grow before rows are kept in between: half of what the engine takes
    bucket:             how a text is put into one of `{count}` buckets, numbered from 0, by a hash of `{column}`; None
                        where the engine has no hash of its own
    full_join:          which FULL joins the engine carries out: all, those on plain equality, or none
    sampling:           how it draws samples
    emits:              kinds of nodes (`TryCast`) and functions (`MD5()`) that the product may write here, beyond those
                        of every engine; None for the engine in whose words the compiler writes
    reads_files:        whether the engine itself reads and writes files
    table_functions:    functions an author may use as a table; everything else could reach outside the database
    forbidden_function: pattern of functions that reach outside the database or run text as SQL, refused everywhere
    pseudo_columns:     words that look like a column and are none, as `rownum`; they are never quoted
    author_rules:       what hooks may be, beyond what they may be everywhere
    forbidden_table:    pattern of table names, parts joined by dots, that mean files or other servers
    """

    name: str
    sqlglot: str
    parameter_mark: str
    stage_schema: str | None
    publish: PublishSql
    sampling: Sampling
    emits: frozenset[str] | None
    table_functions: frozenset[str]
    forbidden_function: str
    forbidden_table: str = ""
    author_rules: AuthorRules = field(default=AuthorRules())
    pseudo_columns: frozenset[str] = frozenset()
    reads_files: bool = False
    legalise: tuple[Legalise, ...] = field(default=())
    transaction: TransactionPlan = field(default=TransactionPlan())
    live_tested: bool = True
    replaces_tables: bool = True
    temporary_tables: bool = True
    strict_cast: bool = True
    casts_any_type: bool = True
    typed_columns: bool = True
    keeps_with: bool = False
    unions_whole: bool = False
    guesses_rows: bool = False
    analyzes: bool = False
    max_join_tables: int | None = None
    max_depth: int = 50
    max_characters: int | None = None
    bucket: str | None = None
    full_join: Literal["any", "equality", "none"] = "any"

    def stage_parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of a stage table's name; without schemas a prefix keeps it apart from people's tables."""
        return (f"{STAGE_PREFIX}{name}",) if self.stage_schema is None else (self.stage_schema, name)

    def stage_table(self, name: str) -> str:
        """Return the quoted, qualified name of a stage table."""
        return self.quoted(self.stage_parts(name))

    def quoted(self, parts: Sequence[str]) -> str:
        """Return the parts of a table's name as SQL."""
        return ".".join(self.publish.quote(part) for part in parts)

    def temporary_parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of the name under which the session keeps rows."""
        return (name,) if self.temporary_tables else self.stage_parts(name)

    def create_stage_schema(self) -> str | None:
        """Return the statement that makes it when missing; None where there are no schemas to make."""
        return None if self.stage_schema is None else self.publish.create_schema(self.stage_schema)

    def create_stage(self, table: str, select: str) -> tuple[str, ...]:
        """Return the statements that build a stage table anew; a retry replaces what an earlier try left."""
        return self._create(table, "TABLE", select)

    def create_temporary(self, table: str, select: str) -> tuple[str, ...]:
        """Return the statements that keep rows for the rest of the session."""
        made = self._create(table, "TEMPORARY TABLE" if self.temporary_tables else "TABLE", select)
        return (*made, f"ANALYZE {table}") if self.analyzes else made

    def _create(self, table: str, kind: str, select: str) -> tuple[str, ...]:
        if self.replaces_tables:
            return (f"CREATE OR REPLACE {kind} {table} AS\n{select}",)
        return (self.drop_table(table), f"CREATE {kind} {table} AS\n{select}")

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE IF EXISTS {table}"
