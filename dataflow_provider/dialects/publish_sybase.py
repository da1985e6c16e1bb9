"""Sybase ASE: DELETE, UPDATE and INSERT in one transaction; derived tables stand in SELECT alone.

Names are in brackets, so sessions need no `quoted_identifier`. A text written `''` is a blank here, so it is NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, Merge, PublishSql, TargetLock

WAIT_S = 600
_NULLABLE = " NULL"
_TYPES = Canonical(
    {
        "INT": "INTEGER", "TINYINT": "UTINYINT", "BIT": "BOOLEAN", "NUMERIC": "DECIMAL", "DEC": "DECIMAL",
        "FLOAT": "DOUBLE", "DOUBLE PRECISION": "DOUBLE", "REAL": "FLOAT", "CHAR": "VARCHAR", "NCHAR": "VARCHAR",
        "NVARCHAR": "VARCHAR", "UNICHAR": "VARCHAR", "UNIVARCHAR": "VARCHAR", "TEXT": "VARCHAR", "UNITEXT": "VARCHAR",
        "DATETIME": "TIMESTAMP_MS", "SMALLDATETIME": "TIMESTAMP_S", "BIGDATETIME": "TIMESTAMP", "BINARY": "BLOB",
        "VARBINARY": "BLOB", "IMAGE": "BLOB",
    },
    decimal="DECIMAL(18,0)",
)  # fmt: skip


class SybasePublish(PublishSql):
    """Transact-SQL as ASE 16 has it."""

    layout = frozenset({"cluster_by"})
    ranks_rows = False

    def quote(self, name: str) -> str:
        return "[" + name.replace("]", "]]") + "]"

    def text(self, value: str) -> str:
        return super().text(value) if value else "NULL"

    def same_text(self, column: str, value: str) -> str:
        return f"{super().same_text(column, value)} AND COMPARE(RTRIM({column}), {self.text(value)}, 'binary') = 0"

    def timestamp(self, moment: datetime) -> str:
        return f"CAST('{moment.isoformat(sep=' ', timespec='microseconds')}' AS BIGDATETIME)"

    def text_type(self, length: int) -> str:
        """A column takes no NULL unless it says so."""
        return f"VARCHAR({length}){_NULLABLE}"

    def null_of(self, kind: str) -> str:
        return super().null_of(kind.removesuffix(_NULLABLE))

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def create_schema(self, schema: str) -> str | None:
        """A schema is the user who owns the tables."""
        return None

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        """The outer join lets every column be NULL, whatever the source's do."""
        more = "".join(f", {self.null_of(kind)} AS {self.quote(name)}" for name, kind in extra.items())
        statement = (
            f"SELECT s.*{more} INTO {table} FROM (SELECT 1 AS one) d LEFT JOIN ({source}) s ON 1 = 0 WHERE 1 = 0"
        )
        if not layout.cluster_by:
            return statement
        index = self.text(f"CREATE CLUSTERED INDEX df_cluster ON {table} ({', '.join(layout.cluster_by)})")
        # By itself it would be read before the table is there.
        return f"{statement}\nEXEC({index})"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD {self.quote(name)} {kind.removesuffix(_NULLABLE)}{_NULLABLE}"

    def lock(self, table: str) -> TargetLock:
        """The lock of the table itself, until the transaction ends."""
        return TargetLock(f"LOCK TABLE {self.table(table)} IN EXCLUSIVE MODE WAIT {WAIT_S}", waits=True)

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        found = f"SELECT 1 FROM ({source}) s WHERE {self._meet(table, keys)}"
        return f"DELETE FROM {table} WHERE EXISTS ({found})"

    def update_matching(self, merge: Merge, source: str) -> str:
        """It updates from tables alone: values come from the stage table, and EXISTS says which of its rows count."""
        pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
        statement = f"UPDATE {merge.table} SET {pairs}\nFROM {merge.table}, {merge.stage} s"
        condition = self._meet(merge.table, merge.keys)
        if merge.delete_flag is not None:
            same = " AND ".join(f"k.{self.quote(theirs)} = s.{self.quote(theirs)}" for _, theirs in merge.keys)
            condition += f" AND EXISTS (SELECT 1 FROM ({source}) k WHERE {same})"
        return f"{statement} WHERE {condition}"

    def insert_missing(self, merge: Merge, source: str) -> str:
        names = self.columns([ours for ours, _ in merge.insert])
        values = self.columns([theirs for _, theirs in merge.insert], "s.")
        found = f"SELECT 1 FROM {merge.table} WHERE {self._meet(merge.table, merge.keys)}"
        return f"INSERT INTO {merge.table} ({names})\nSELECT {values} FROM ({source}) s WHERE NOT EXISTS ({found})"

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)

    def _meet(self, table: str, keys: Sequence[tuple[str, str]]) -> str:
        return " AND ".join(f"{table}.{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in keys)


SYBASE_PUBLISH = SybasePublish()
