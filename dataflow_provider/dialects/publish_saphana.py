"""SAP HANA: MERGE for upserts, DDL commits, the lock of the table for the length of the publish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, Merge, PublishSql, TargetLock

WAIT_MS = 600_000
_TYPES = Canonical(
    {
        "TINYINT": "UTINYINT", "INT": "INTEGER", "REAL": "FLOAT", "FLOAT": "DOUBLE", "NVARCHAR": "VARCHAR",
        "CHAR": "VARCHAR", "NCHAR": "VARCHAR", "ALPHANUM": "VARCHAR", "SHORTTEXT": "VARCHAR", "NCLOB": "VARCHAR",
        "CLOB": "VARCHAR", "SECONDDATE": "TIMESTAMP_S", "LONGDATE": "TIMESTAMP", "VARBINARY": "BLOB",
        "BINARY": "BLOB", "BLOB": "BLOB",
    },
    decimal="NUMERIC",
)  # fmt: skip
_NAME = re.compile(r'"(?:[^"]|"")+"')


class SapHanaPublish(PublishSql):
    """SAP HANA 2 and HANA Cloud."""

    folding = "upper"
    layout = frozenset({"partition_by"})

    def text_type(self, length: int) -> str:
        return f"NVARCHAR({length})"

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def create_schema(self, schema: str) -> str | None:
        """There is no IF NOT EXISTS, so a block asks first."""
        statement = self.text(f"CREATE SCHEMA {self.quote(schema)}")
        return (
            "DO BEGIN DECLARE found INTEGER; "
            f"SELECT COUNT(*) INTO found FROM SCHEMAS WHERE SCHEMA_NAME = {self.text(schema)}; "
            f"IF :found = 0 THEN EXEC {statement}; END IF; END"
        )

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        parts = _partitions(layout.partition_by)
        return f"CREATE COLUMN TABLE {table} AS ({self.empty_rows(source, extra)}) WITH NO DATA{parts}"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD ({self.quote(name)} {kind})"

    def lock(self, table: str) -> TargetLock:
        """The lock of the table itself, until the transaction ends; readers do not feel it."""
        return TargetLock(f"LOCK TABLE {self.table(table)} IN EXCLUSIVE MODE WAIT {WAIT_MS}", waits=True)

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return self.delete_in(table, source, keys)

    def merge(self, merge: Merge) -> tuple[str, ...]:
        """What is flagged goes first; then MERGE has one clause of each kind, as the engine wants it."""
        if merge.delete_flag is None:
            return super().merge(merge)
        flag = self.quote(merge.delete_flag)
        gone = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 1"
        kept = f"SELECT * FROM ({merge.source}) f WHERE {flag} = 0"
        rest = replace(merge, source=kept, delete_flag=None)
        return (self.delete_matching(merge.table, gone, merge.keys), *super().merge(rest))


def _partitions(terms: Sequence[str]) -> str:
    """Return the clause: by a hash of plain columns, or what the author wrote (`RANGE (…) …`)."""
    if not terms:
        return ""
    if not all(_NAME.fullmatch(term) for term in terms):
        return f" PARTITION BY {', '.join(terms)}"
    return f" PARTITION BY HASH ({', '.join(terms)}) PARTITIONS GET_NUM_SERVERS()"


SAPHANA_PUBLISH = SapHanaPublish()
