"""Teradata: a publish is one transaction of DELETE, UPDATE, INSERT, or MERGE where the keys cover the primary index.

No IF [NOT] EXISTS and no schemas that a pipeline could make. BT and ET are the driver's to send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, Merge, PublishSql, TargetLock

_TYPES = Canonical(
    {
        "BYTEINT": "TINYINT", "INT": "INTEGER", "NUMERIC": "DECIMAL", "NUMBER": "DECIMAL", "FLOAT": "DOUBLE",
        "REAL": "DOUBLE", "DOUBLE PRECISION": "DOUBLE", "CHAR": "VARCHAR", "CHARACTER": "VARCHAR", "CLOB": "VARCHAR",
        "LONG VARCHAR": "VARCHAR", "BYTE": "BLOB", "VARBYTE": "BLOB", "BLOB": "BLOB",
    }
)  # fmt: skip


class TeradataPublish(PublishSql):
    """Where nobody has asked which primary index the target has."""

    layout = frozenset({"primary_index", "partition_by"})

    def question(self, table: str, keys: Sequence[str]) -> str | None:
        """Return the query whose answer is 1 when the keys hold every column of an unpartitioned primary index."""
        if not keys:
            return None
        parts = self.parts(table)
        database = f"UPPER({self.text(parts[-2])})" if len(parts) > 1 else "UPPER(DATABASE)"
        names = ", ".join(f"UPPER({self.text(key)})" for key in keys)
        covered = f"CASE WHEN IndexType = 'P' AND UPPER(TRIM(ColumnName)) IN ({names}) THEN 0 ELSE 1 END"
        return (
            f"SELECT CASE WHEN COUNT(*) > 0 AND SUM({covered}) = 0 THEN 1 ELSE 0 END FROM DBC.IndicesV "
            f"WHERE IndexType IN ('P', 'Q') AND UPPER(TRIM(DatabaseName)) = {database} "
            f"AND UPPER(TRIM(TableName)) = UPPER({self.text(parts[-1])})"
        )

    def for_server(self, answer: int) -> PublishSql:
        return TERADATA_WITH_MERGE if answer == 1 else self

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def create_schema(self, schema: str) -> str | None:
        """A database needs space of its own, which a DBA gives."""
        return None

    def layout_conflict(self, given: Mapping[str, Sequence[str]]) -> tuple[str, str, str] | None:
        """Without a primary index a table is partitioned by columns, if at all."""
        by_rows = [term for term in given.get("partition_by", ()) if not term.lstrip().upper().startswith("COLUMN")]
        if "primary_index" in given or not by_rows:
            return None
        return (
            "partition_by",
            f"`create.partition_by` has `{by_rows[0]}`, and `teradata` parts rows of tables with a primary index only",
            "Add `create.primary_index`.",
        )

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        columns = ", ".join(layout.primary_index)
        index = f"PRIMARY INDEX ({columns})" if columns else "NO PRIMARY INDEX"
        parted = f" PARTITION BY ({', '.join(layout.partition_by)})" if layout.partition_by else ""
        rows = self.empty_rows(source, extra)
        return f"CREATE MULTISET TABLE {table} AS ({rows}) WITH NO DATA {index}{parted}"

    def same_text(self, column: str, value: str) -> str:
        exact = f"{column} (CASESPECIFIC) = {self.text(value)} (CASESPECIFIC)"
        return f"{super().same_text(column, value)} AND {exact}"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD {self.quote(name)} {kind}"

    def lock(self, table: str) -> TargetLock:
        """The lock of the table itself, until the transaction ends."""
        return TargetLock(f"LOCKING TABLE {self.table(table)} FOR WRITE SELECT 1", waits=True)

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return self.delete_in(table, source, keys)

    def update_matching(self, merge: Merge, source: str) -> str:
        pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
        return f"UPDATE t FROM {merge.table} AS t, ({source}) AS s\nSET {pairs}\nWHERE {self.meet(merge.keys)}"

    def overwrite(self, table: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        return (f"DELETE FROM {table} ALL", self.insert(table, names, source))

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)


class TeradataWithMerge(TeradataPublish):
    """Where the keys cover the target's primary index: MERGE has at most one clause of each kind, and no DELETE."""

    def merge(self, merge: Merge) -> tuple[str, ...]:
        keys = {ours for ours, _ in merge.keys}
        update = [pair for pair in merge.update if pair[0] not in keys]
        if not update:
            return self.merge_in_parts(replace(merge, update=()))
        if merge.delete_flag is None:
            return super(TeradataPublish, self).merge(replace(merge, update=update))
        flag = self.quote(merge.delete_flag)
        gone = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 1"
        kept = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 0"
        rest = replace(merge, source=kept, update=update, delete_flag=None)
        return (
            self.delete_matching(merge.table, gone, merge.keys),
            *super(TeradataPublish, self).merge(rest),
        )


TERADATA_PUBLISH = TeradataPublish()
TERADATA_WITH_MERGE = TeradataWithMerge()
