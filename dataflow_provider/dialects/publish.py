"""The statements of a publish, as templates: write modes say what happens, an engine's subclass says how it is written.

Tables and columns come in as real names and leave quoted; texts leave as escaped literals, never spliced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_NAME_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".\s]+))\s*(\.|$)')


def split_table_name(text: str) -> tuple[str, ...]:
    """Return the parts of a table name; a quoted part may hold any character.

    >>> split_table_name('mart."Daily Usage"')
    ('mart', 'Daily Usage')

    Raises:
        ValueError: when the text is no name of one to three parts.
    """
    parts: list[str] = []
    position, end = 0, "."
    while end == ".":
        match = _NAME_PART.match(text, position)
        if match is None:
            raise ValueError(f"`{text}` is no table name; write `schema.table`, with double quotes around odd names")
        parts.append(match[1].replace('""', '"') if match[1] else match[2])
        position, end = match.end(), match[3]
    if len(parts) > 3:
        raise ValueError(f"`{text}` has {len(parts)} parts; a table name has at most three: `catalog.schema.table`")
    return tuple(parts)


@dataclass(frozen=True)
class Merge:
    """A merge of a source query aliased `s` into a table aliased `t`.

    Rows meet on `keys` (equal, never NULL). `update` and `insert` are pairs target column → source column, in order.
    `delete_flag` names a boolean column of the source: matched rows that carry it are deleted, others never inserted.
    """

    table: str
    source: str
    keys: Sequence[tuple[str, str]]
    update: Sequence[tuple[str, str]]
    insert: Sequence[tuple[str, str]]
    delete_flag: str | None = None


class PublishSql:
    """Standard SQL; an engine overrides what it writes differently. Every statement here may share a transaction.

    `layout` says whether the engine knows `create.primary_index`, `cluster_by` and `partition_by`.
    """

    layout = False

    def quote(self, name: str) -> str:
        """Return the name quoted, so that no reserved word or odd character can break out."""
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: str) -> str:
        """Return the table name of a YAML, each part quoted."""
        return ".".join(self.quote(part) for part in split_table_name(name))

    def columns(self, names: Sequence[str]) -> str:
        return ", ".join(self.quote(name) for name in names)

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def timestamp(self, moment: datetime) -> str:
        """Return a naive timestamp literal; `moment` is naive UTC."""
        return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='microseconds')}'"

    def create_schema(self, schema: str) -> str:
        return f"CREATE SCHEMA IF NOT EXISTS {self.quote(schema)}"

    def create_table(self, table: str, source: str, extra: Mapping[str, str]) -> str:
        """Return the statement that makes an empty table of the source's columns, then `extra` (name → type)."""
        more = "".join(f", CAST(NULL AS {kind}) AS {self.quote(name)}" for name, kind in extra.items())
        return f"CREATE TABLE IF NOT EXISTS {table} AS SELECT s.*{more} FROM ({source}) AS s WHERE 1 = 0"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD COLUMN {self.quote(name)} {kind}"

    def insert(self, table: str, names: Sequence[str], source: str) -> str:
        return f"INSERT INTO {table} ({self.columns(names)})\n{source}"

    def delete_all(self, table: str) -> str:
        return f"DELETE FROM {table}"

    def delete_where(self, table: str, condition: str) -> str:
        return f"DELETE FROM {table} WHERE {condition}"

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        """Return the statement that deletes the rows whose key is in the source; `keys` as in `Merge`."""
        return f"DELETE FROM {table} AS t WHERE EXISTS (SELECT 1 FROM ({source}) AS s WHERE {self.meet(keys)})"

    def meet(self, keys: Sequence[tuple[str, str]]) -> str:
        return " AND ".join(f"t.{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in keys)

    def merge(self, merge: Merge) -> tuple[str, ...]:
        """Return the statements of the merge; more than one are meant for one transaction."""
        flag = None if merge.delete_flag is None else f"s.{self.quote(merge.delete_flag)}"
        lines = [f"MERGE INTO {merge.table} AS t USING (\n{merge.source}\n) AS s ON ({self.meet(merge.keys)})"]
        if flag:
            lines.append(f"WHEN MATCHED AND {flag} THEN DELETE")
        if merge.update:
            pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
            lines.append(f"WHEN MATCHED THEN UPDATE SET {pairs}")
        values = ", ".join(f"s.{self.quote(theirs)}" for _, theirs in merge.insert)
        names = self.columns([ours for ours, _ in merge.insert])
        guard = f" AND NOT {flag}" if flag else ""
        lines.append(f"WHEN NOT MATCHED{guard} THEN INSERT ({names}) VALUES ({values})")
        return ("\n".join(lines),)


DUCKDB_PUBLISH = PublishSql()
"""DuckDB writes all of it in standard SQL, and all of it is transactional."""
