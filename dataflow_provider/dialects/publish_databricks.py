"""Databricks: each statement is atomic alone, so every publish is one, most of them a MERGE.

No locks: a writer that meets the commit of another fails and is tried again. A backslash in a text escapes, and two
quotes are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, PublishSql

_TYPES = Canonical(
    {
        "INT": "INTEGER", "LONG": "BIGINT", "SHORT": "SMALLINT", "BYTE": "TINYINT", "TINYINT": "TINYINT",
        "DEC": "DECIMAL", "NUMERIC": "DECIMAL", "REAL": "FLOAT", "FLOAT": "FLOAT", "STRING": "VARCHAR",
        "CHAR": "VARCHAR", "TIMESTAMP_NTZ": "TIMESTAMP", "TIMESTAMP_LTZ": "TIMESTAMP", "BINARY": "BLOB",
    },
    decimal="DECIMAL(10,0)",
)  # fmt: skip
_PRESENT = "_df_present"
COLUMN_MAPPING = "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
"""Without it the names of a Delta table's columns have no spaces and none of `,;{}()=`.

It asks more of those who read the table than a plain one (and cannot be taken back), so tables that stay get it only
where a name needs it. Source: https://docs.databricks.com/aws/en/delta/column-mapping
"""
_NEEDS_MAPPING = frozenset(" ,;{}()\n\t=")


class DatabricksPublish(PublishSql):
    """Databricks' words, on Delta tables."""

    layout = frozenset({"cluster_by", "partition_by"})

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def text(self, value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"

    def text_type(self, length: int) -> str:
        return "STRING"

    def timestamp(self, moment: datetime) -> str:
        return f"CAST('{moment.isoformat(sep=' ', timespec='microseconds')}' AS TIMESTAMP)"

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def layout_conflict(self, given: Mapping[str, Sequence[str]]) -> tuple[str, str, str] | None:
        if not {"cluster_by", "partition_by"} <= given.keys():
            return None
        return (
            "partition_by",
            "a table of `databricks` is clustered or partitioned, and `create` asks for both",
            "Keep `create.cluster_by` alone: liquid clustering replaces partitions.",
        )

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        placed = f" PARTITIONED BY ({', '.join(layout.partition_by)})" if layout.partition_by else ""
        if layout.cluster_by:
            placed += f" CLUSTER BY ({', '.join(layout.cluster_by)})"
        if any(_NEEDS_MAPPING.intersection(name) for name in layout.names):
            placed += f" {COLUMN_MAPPING}"
        return f"CREATE TABLE IF NOT EXISTS {table} USING DELTA{placed} AS {self.empty_rows(source, extra)}"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD COLUMNS ({self.quote(name)} {kind})"

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return self.delete_in(table, source, keys)

    def overwrite(self, table: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        return (f"INSERT OVERWRITE {table} ({self.columns(names)})\n{source}",)

    def replace_where(self, table: str, condition: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        """Nothing meets, so every row of the source is inserted, and old rows that meet the condition go."""
        merge = (
            f"MERGE INTO {table} AS t USING (\n{source}\n) AS s ON 1 = 0\n"
            f"WHEN NOT MATCHED THEN INSERT ({self.columns(names)}) VALUES ({self.columns(names, 's.')})\n"
            f"WHEN NOT MATCHED BY SOURCE AND {condition} THEN DELETE"
        )
        return (merge,)

    def replace_keys(
        self, table: str, present: str, keys: Sequence[tuple[str, str]], names: Sequence[str], source: str
    ) -> tuple[str, ...]:
        """The keys meet the old rows, which go; the new rows, beside them without a key, meet nothing and come."""
        nothing = ", ".join(f"NULL AS {self.quote(name)}" for name in names)
        marks = [self.quote(f"{_PRESENT}_{at}") for at in range(len(keys))]
        old = ", ".join(f"k.{self.quote(theirs)} AS {mark}" for (_, theirs), mark in zip(keys, marks, strict=True))
        new = ", ".join(f"NULL AS {mark}" for mark in marks)
        met = " AND ".join(f"t.{self.quote(ours)} = s.{mark}" for (ours, _), mark in zip(keys, marks, strict=True))
        merge = (
            f"MERGE INTO {table} AS t USING (\n"
            f"SELECT {new}, r.* FROM ({source}) r\nUNION ALL\n"
            f"SELECT DISTINCT {old}, {nothing} FROM ({present}) k\n"
            f") AS s ON ({met})\n"
            "WHEN MATCHED THEN DELETE\n"
            f"WHEN NOT MATCHED AND s.{marks[0]} IS NULL "
            f"THEN INSERT ({self.columns(names)}) VALUES ({self.columns(names, 's.')})"
        )
        return (merge,)


DATABRICKS_PUBLISH = DatabricksPublish()
