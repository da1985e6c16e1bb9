"""Oracle: MERGE without conditions on WHEN MATCHED, DDL commits, the empty text is NULL, no AS before aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, Merge, PublishSql, TargetLock

WAIT_S = 600
_TYPES = Canonical(
    {
        "NUMBER": "DECIMAL", "NUMERIC": "DECIMAL", "FLOAT": "NUMERIC", "BINARY_DOUBLE": "DOUBLE",
        "BINARY_FLOAT": "FLOAT", "VARCHAR2": "VARCHAR", "NVARCHAR2": "VARCHAR", "CHAR": "VARCHAR", "NCHAR": "VARCHAR",
        "CLOB": "VARCHAR", "NCLOB": "VARCHAR", "LONG": "VARCHAR", "DATE": "TIMESTAMP_S", "BLOB": "BLOB", "RAW": "BLOB",
    },
    decimal="NUMERIC",
)  # fmt: skip
_NAME = re.compile(r'"(?:[^"]|"")+"')


class OraclePublish(PublishSql):
    """Oracle 12.2 and later."""

    folding = "upper"
    layout = frozenset({"partition_by"})

    def text_type(self, length: int) -> str:
        return f"VARCHAR2({length} CHAR)"

    def canonical_type(self, kind: str) -> str:
        # TIMESTAMP(6) WITH TIME ZONE; a DATE holds seconds too.
        return _TYPES.of(kind)

    def create_schema(self, schema: str) -> str | None:
        """A schema is a user, which a DBA makes."""
        return None

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        return f"CREATE TABLE {table}{_partitions(layout.partition_by)} AS {self.empty_rows(source, extra)}"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD ({self.quote(name)} {kind})"

    def lock(self, table: str) -> TargetLock:
        """The lock of the table itself, until the transaction ends; readers do not feel it."""
        return TargetLock(f"LOCK TABLE {self.table(table)} IN EXCLUSIVE MODE WAIT {WAIT_S}", waits=True)

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return self.delete_in(table, source, keys)

    def merge(self, merge: Merge) -> tuple[str, ...]:
        """DELETE WHERE looks at updated rows alone, so without a column to update the deletion is its own statement."""
        keys = {ours for ours, _ in merge.keys}
        update = [pair for pair in merge.update if pair[0] not in keys]
        if not update:
            return self.merge_in_parts(replace(merge, update=()))
        flag = None if merge.delete_flag is None else f"s.{self.quote(merge.delete_flag)}"
        pairs = ", ".join(f"t.{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in update)
        names = self.columns([ours for ours, _ in merge.insert])
        values = self.columns([theirs for _, theirs in merge.insert], "s.")
        lines = [
            f"MERGE INTO {merge.table} t USING (\n{merge.source}\n) s ON ({self.meet(merge.keys)})",
            f"WHEN MATCHED THEN UPDATE SET {pairs}",
            *([] if flag is None else [f"DELETE WHERE {flag} = 1"]),
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})",
            *([] if flag is None else [f"WHERE {flag} = 0"]),
        ]
        return ("\n".join(lines),)


def _partitions(terms: Sequence[str]) -> str:
    """Return the clause: a partition for each value of plain columns, or what the author wrote (`RANGE (…) …`)."""
    if not terms:
        return ""
    if not all(_NAME.fullmatch(term) for term in terms):
        return f" PARTITION BY {', '.join(terms)}"
    nothing = "NULL" if len(terms) == 1 else f"({', '.join('NULL' for _ in terms)})"
    return f' PARTITION BY LIST ({", ".join(terms)}) AUTOMATIC (PARTITION "DF_NULL" VALUES ({nothing}))'


ORACLE_PUBLISH = OraclePublish()
