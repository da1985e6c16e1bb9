"""SQLite: no MERGE, no schemas, no time types; one process at a time writes, from the first statement on."""

from __future__ import annotations

from datetime import datetime

from dataflow_provider.dialects.publish import Merge, PublishSql

_MILLISECONDS = "%Y-%m-%d %H:%M:%f"


class SqlitePublish(PublishSql):
    """Times are texts of several shapes (`2026-01-01`, `2026-01-01T00:00:00Z`), so intervals compare them reshaped."""

    def timestamp(self, moment: datetime) -> str:
        return f"'{moment.isoformat(sep=' ', timespec='microseconds')}'"

    def canonical_type(self, kind: str) -> str:
        """Each value has a type of its own there, whatever the column was declared with."""
        return ""

    def text_type(self, length: int) -> str:
        return "TEXT"

    def within(self, column: str, start: datetime, end: datetime) -> str:
        reshaped = f"STRFTIME('{_MILLISECONDS}', {column})"
        bounds = (f"STRFTIME('{_MILLISECONDS}', {self.timestamp(bound)})" for bound in (start, end))
        return "{0} >= {1} AND {0} < {2}".format(reshaped, *bounds)

    def create_schema(self, schema: str) -> str | None:
        return None

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)


SQLITE_PUBLISH = SqlitePublish()
