"""Snowflake: MERGE and INSERT OVERWRITE, DDL commits, a backslash in a text escapes; no lock but those of its DML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, PublishSql

_TYPES = Canonical(
    {
        "NUMBER": "DECIMAL", "FLOAT": "DOUBLE", "REAL": "DOUBLE", "FIXED": "DECIMAL", "TEXT": "VARCHAR",
        "STRING": "VARCHAR", "CHAR": "VARCHAR", "TIMESTAMP_NTZ": "TIMESTAMP", "DATETIME": "TIMESTAMP",
        "TIMESTAMP_LTZ": "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE", "BINARY": "BLOB",
        "VARBINARY": "BLOB",
    },
    decimal="DECIMAL(38,0)",
)  # fmt: skip


class SnowflakePublish(PublishSql):
    """Snowflake's words."""

    folding = "upper"
    layout = frozenset({"cluster_by"})

    def text(self, value: str) -> str:
        return super().text(value.replace("\\", "\\\\"))

    def timestamp(self, moment: datetime) -> str:
        """TIMESTAMP alone is one type or another by a setting of the account."""
        return f"CAST('{moment.isoformat(sep=' ', timespec='microseconds')}' AS TIMESTAMP_NTZ)"

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        clustered = f" CLUSTER BY ({', '.join(layout.cluster_by)})" if layout.cluster_by else ""
        return f"CREATE TABLE IF NOT EXISTS {table}{clustered} AS {self.empty_rows(source, extra)}"

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return self.delete_in(table, source, keys)

    def overwrite(self, table: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        return (f"INSERT OVERWRITE INTO {table} ({self.columns(names)})\n{source}",)


SNOWFLAKE_PUBLISH = SnowflakePublish()
