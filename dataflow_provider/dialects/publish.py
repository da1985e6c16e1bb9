"""The statements of a publish, as templates: write modes say what happens, an engine's subclass says how it is written.

Tables and columns come in as real names and leave quoted; texts leave as escaped literals, never spliced. Templates
keep to what every engine reads: no AS before a table's alias, no boolean values, no SELECT without FROM.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

_NAME_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".\s]+))\s*(\.|$)')


def split_table_name(text: str, fold: Callable[[str], str] = str) -> tuple[str, ...]:
    """Return the parts of a table name; a quoted part may hold any character, the others are folded.

    >>> split_table_name('mart."Daily Usage"', str.upper)
    ('MART', 'Daily Usage')

    Raises:
        ValueError: when the text is no name of one to three parts.
    """
    parts: list[str] = []
    position, end = 0, "."
    while end == ".":
        match = _NAME_PART.match(text, position)
        if match is None:
            raise ValueError(f"`{text}` is no table name; write `schema.table`, with double quotes around odd names")
        parts.append(match[1].replace('""', '"') if match[1] else fold(match[2]))
        position, end = match.end(), match[3]
    if len(parts) > 3:
        raise ValueError(f"`{text}` has {len(parts)} parts; a table name has at most three: `catalog.schema.table`")
    return tuple(parts)


@dataclass(frozen=True)
class Merge:
    """A merge of a source query aliased `s` into a table aliased `t`.

    Rows meet on `keys` (equal, never NULL). `update` and `insert` are pairs target column → source column, in order.
    `delete_flag` names a source column of 1 and 0: matched rows with 1 are deleted, such rows are never inserted.
    `stage` is the table below the source, under the same column names, for engines that update from tables alone.
    """

    table: str
    source: str
    keys: Sequence[tuple[str, str]]
    update: Sequence[tuple[str, str]]
    insert: Sequence[tuple[str, str]]
    delete_flag: str | None = None
    stage: str = ""


@dataclass(frozen=True)
class Layout:
    """How a new table is laid out: SQL texts, names quoted; `partition_by` may hold an author's expressions.

    `names` are those of the incoming columns, as they are.
    """

    primary_index: Sequence[str] = ()
    cluster_by: Sequence[str] = ()
    partition_by: Sequence[str] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class TargetLock:
    """How one publish at a time is let into a target.

    take:    asked until it answers 1; 0 or NULL say that somebody else holds the lock
    holder:  answers one text, who that is, for those who wait; None when it cannot be told
    waits:   whether `take` is no question but a statement that waits and fails when the lock stays away
    release: gives the lock back; None when the end of the transaction does. With it, the lock is the session's and is
             taken before anything touches the target; without, it is the first statement of the transaction
    """

    take: str
    holder: str | None = None
    release: str | None = None
    waits: bool = False


class PublishSql:
    """Standard SQL; an engine overrides what it writes differently.

    folding:         what the engine makes of letters in a name without quotes; none where case does not count
    layout:          what of `create.primary_index`, `cluster_by` and `partition_by` the engine knows
    ranks_rows:      whether there is ROW_NUMBER(), which `write.dedupe` needs
    server_question: query of one number that tells servers of different abilities apart; None when all are equal
    """

    folding: Literal["upper", "lower", "none"] = "none"
    layout: frozenset[str] = frozenset()
    ranks_rows = True
    server_question: str | None = None

    def question(self, table: str, keys: Sequence[str]) -> str | None:
        """Return the query of one number that `for_server` takes, by the target's name and keys in a YAML."""
        return self.server_question

    def for_server(self, answer: int) -> PublishSql:
        """Return the templates for the server, or the target, that gave this answer to `question`."""
        return self

    def layout_conflict(self, given: Mapping[str, Sequence[str]]) -> tuple[str, str, str] | None:
        """Return the field, the message and the hint when fields that the engine knows do not go together.

        `given` holds the terms of each field of `create` that the target has.
        """
        return None

    def unprotected(self, table: str) -> tuple[str, str, str] | None:
        """Return a query that counts reasons why the table takes no part in transactions, what they mean, and a hint.

        None where every table does.
        """
        return None

    # ------------------------------------------------------------ names and literals

    def quote(self, name: str) -> str:
        """Return the name quoted, so that no reserved word or odd character can break out."""
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: str) -> str:
        """Return the table name of a YAML, each part quoted."""
        return ".".join(self.quote(part) for part in self.parts(name))

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of the table name of a YAML as the engine keeps them.

        Raises:
            ValueError: when the text is no name of one to three parts.
        """
        return split_table_name(name, self.fold)

    def fold(self, name: str) -> str:
        """Return what the engine makes of a name without quotes."""
        if self.folding == "none":
            return name
        return name.upper() if self.folding == "upper" else name.lower()

    def columns(self, names: Sequence[str], prefix: str = "") -> str:
        """Return the names in a row, each behind the prefix, such as `s.`."""
        return ", ".join(f"{prefix}{self.quote(name)}" for name in names)

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def timestamp(self, moment: datetime) -> str:
        """Return a naive timestamp literal; `moment` is naive UTC."""
        return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='microseconds')}'"

    def text_type(self, length: int) -> str:
        """Return the type of a column of short texts that can be compared."""
        return f"VARCHAR({length})"

    def canonical_type(self, kind: str) -> str:
        """Return a type of the engine in the words of `assignable.py`; "" when it is unknown there."""
        return kind

    def null_of(self, kind: str) -> str:
        """Return a NULL of that type."""
        return f"CAST(NULL AS {kind})"

    # ------------------------------------------------------------ conditions and order

    def not_true(self, condition: str) -> str:
        """Return the condition that holds where the given one is false or NULL."""
        return f"CASE WHEN {condition} THEN 1 ELSE 0 END = 0"

    def within(self, column: str, start: datetime, end: datetime) -> str:
        """Return the condition that a quoted column lies in the interval, end exclusive; NULL does not."""
        return f"{column} >= {self.timestamp(start)} AND {column} < {self.timestamp(end)}"

    def same_text(self, column: str, value: str) -> str:
        """Return the condition that a quoted column holds this very text, which ends in no blank: `a` is not `A`.

        Where the usual collation knows no case, the plain comparison stands before the exact one, for an index.
        """
        return f"{column} = {self.text(value)}"

    def order_term(self, column: str, *, descending: bool, nulls_first: bool) -> str:
        """Return a term of ORDER BY over a quoted column, with the place of NULL told."""
        return f"{column} {'DESC' if descending else 'ASC'} NULLS {'FIRST' if nulls_first else 'LAST'}"

    def meet(self, keys: Sequence[tuple[str, str]]) -> str:
        return " AND ".join(f"t.{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in keys)

    # ------------------------------------------------------------ queries

    def first_of_each(self, table: str, names: str, keys: Sequence[str], order: Sequence[str]) -> str:
        """Return the query of the first row of each key, `names` (a select list) of it; `order` holds order terms."""
        rank = self.quote("_df_rank")
        window = f"PARTITION BY {self.columns(keys)} ORDER BY {', '.join(order)}"
        ranked = f"SELECT r.*, ROW_NUMBER() OVER ({window}) AS {rank} FROM {table} r"
        return f"SELECT {names} FROM ({ranked}) ranked WHERE {rank} = 1"

    def flagged(self, source: str, condition: str, flag: str) -> str:
        """Return the source with a column of 1 where the author's condition holds, else 0.

        It is computed beside the incoming columns alone, so that bare names cannot mean the target's.
        """
        case = f"CASE WHEN (\n{condition}\n) THEN 1 ELSE 0 END"
        return f"SELECT incoming.*, {case} AS {self.quote(flag)} FROM ({source}) incoming"

    # ------------------------------------------------------------ definitions

    def create_schema(self, schema: str) -> str | None:
        """Return the statement that makes a missing schema; None where schemas are not a pipeline's to make."""
        return f"CREATE SCHEMA IF NOT EXISTS {self.quote(schema)}"

    def keeps_name(self, name: str) -> bool:
        """Return whether a new table or column gets this name whole; False where the engine would cut it silently."""
        return True

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        """Return the statement that makes an empty table of the source's columns, then `extra` (name → type).

        `layout` holds no more than the engine knows.
        """
        return f"CREATE TABLE IF NOT EXISTS {table} AS {self.empty_rows(source, extra)}"

    def empty_rows(self, source: str, extra: Mapping[str, str]) -> str:
        """Return the query of no rows that has the columns of the source, then `extra`."""
        more = "".join(f", {self.null_of(kind)} AS {self.quote(name)}" for name, kind in extra.items())
        return f"SELECT s.*{more} FROM ({source}) s WHERE 1 = 0"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD COLUMN {self.quote(name)} {kind}"

    def lock(self, table: str) -> TargetLock | None:
        """Return how to be the only writer of the table, whose name is a YAML's; None where the session sees to it."""
        return None

    # ------------------------------------------------------------ changes

    def insert(self, table: str, names: Sequence[str], source: str) -> str:
        return f"INSERT INTO {table} ({self.columns(names)})\n{source}"

    def delete_where(self, table: str, condition: str) -> str:
        return f"DELETE FROM {table} WHERE {condition}"

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        """Return the statement that deletes the rows whose key is in the source; `keys` as in `Merge`."""
        return f"DELETE FROM {table} AS t WHERE EXISTS (SELECT 1 FROM ({source}) s WHERE {self.meet(keys)})"

    def delete_in(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        """Return the same without an alias for the table, on engines that compare rows: no key is NULL."""
        ours = self.columns([one for one, _ in keys])
        theirs = self.columns([one for _, one in keys])
        left = ours if len(keys) == 1 else f"({ours})"
        return f"DELETE FROM {table} WHERE {left} IN (SELECT {theirs} FROM ({source}) s)"

    def update_matching(self, merge: Merge, source: str) -> str:
        """Return the statement that updates the rows whose key is in the source."""
        pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
        return f"UPDATE {merge.table} AS t SET {pairs}\nFROM ({source}) s WHERE {self.meet(merge.keys)}"

    def insert_missing(self, merge: Merge, source: str) -> str:
        """Return the statement that inserts the rows whose key is not in the table."""
        names = self.columns([ours for ours, _ in merge.insert])
        values = self.columns([theirs for _, theirs in merge.insert], "s.")
        missing = f"NOT EXISTS (SELECT 1 FROM {merge.table} t WHERE {self.meet(merge.keys)})"
        return f"INSERT INTO {merge.table} ({names})\nSELECT {values} FROM ({source}) s WHERE {missing}"

    # ------------------------------------------------------------ publishes: all statements of one share a transaction

    def overwrite(self, table: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the statements after which the table holds the source's rows alone; the last one writes them."""
        return (f"DELETE FROM {table}", self.insert(table, names, source))

    def replace_where(self, table: str, condition: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the statements that put the source's rows in place of those that meet the condition; as `overwrite`.

        Every row of the source meets the condition.
        """
        return (self.delete_where(table, condition), self.insert(table, names, source))

    def replace_keys(
        self, table: str, present: str, keys: Sequence[tuple[str, str]], names: Sequence[str], source: str
    ) -> tuple[str, ...]:
        """Return the statements that put the source's rows in place of those with a key in `present`; as `overwrite`.

        `present` is a query of every key that the source has, `keys` are pairs as in `Merge`.
        """
        return (self.delete_matching(table, present, keys), self.insert(table, names, source))

    def merge(self, merge: Merge) -> tuple[str, ...]:
        """Return the statements of the merge; their row counts add up to the rows changed."""
        flag = None if merge.delete_flag is None else f"s.{self.quote(merge.delete_flag)}"
        lines = [f"MERGE INTO {merge.table} AS t USING (\n{merge.source}\n) AS s ON ({self.meet(merge.keys)})"]
        if flag:
            lines.append(f"WHEN MATCHED AND {flag} = 1 THEN DELETE")
        if merge.update:
            pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
            lines.append(f"WHEN MATCHED THEN UPDATE SET {pairs}")
        names = self.columns([ours for ours, _ in merge.insert])
        values = self.columns([theirs for _, theirs in merge.insert], "s.")
        guard = f" AND {flag} = 0" if flag else ""
        lines.append(f"WHEN NOT MATCHED{guard} THEN INSERT ({names}) VALUES ({values})")
        return ("\n".join(lines),)

    def merge_in_parts(self, merge: Merge) -> tuple[str, ...]:
        """Return the same merge without MERGE: DELETE of what is flagged, UPDATE, INSERT of the missing."""
        if merge.delete_flag is None:
            gone, kept = None, merge.source
        else:
            flag = self.quote(merge.delete_flag)
            gone = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 1"
            kept = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 0"
        return (
            *(() if gone is None else (self.delete_matching(merge.table, gone, merge.keys),)),
            *((self.update_matching(merge, kept),) if merge.update else ()),
            self.insert_missing(merge, kept),
        )
