"""PostgreSQL: MERGE since 15, everything transactional, an advisory lock per target for the length of the publish.

`overwrite` deletes instead of truncating: TRUNCATE makes the table empty for transactions that began before it, and
waits for every reader.
"""

from __future__ import annotations

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Merge, PublishSql, TargetLock

_TYPES = Canonical(
    {
        "BYTEA": "BLOB", "CHARACTER": "VARCHAR", "CHARACTER VARYING": "VARCHAR", "DOUBLE PRECISION": "DOUBLE",
        "JSONB": "JSON", "NUMERIC": "DECIMAL", "REAL": "FLOAT", "TEXT": "VARCHAR", "UUID": "UUID", "JSON": "JSON",
        "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    },
    decimal="NUMERIC",
)  # fmt: skip
FIRST_WITH_MERGE = 150000
LONGEST_NAME = 63
"""In bytes; what is longer is cut with no more than a notice."""


class PostgresPublish(PublishSql):
    """PostgreSQL 15 and later."""

    folding = "lower"
    server_question = "SELECT CAST(CURRENT_SETTING('server_version_num') AS INTEGER)"

    def for_server(self, answer: int) -> PublishSql:
        return self if answer >= FIRST_WITH_MERGE else POSTGRES_WITHOUT_MERGE

    def keeps_name(self, name: str) -> bool:
        return len(name.encode()) <= LONGEST_NAME

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def create_schema(self, schema: str) -> str | None:
        """IF NOT EXISTS fails when two make one schema at once, and asks for a right although there is nothing to do.

        So makers of one schema wait for each other, and only a missing one is made.
        """
        key = f"HASHTEXTEXTENDED({self.text(f'dataflow.schema.{schema}')}, 0)"
        block = (
            f"BEGIN PERFORM PG_ADVISORY_XACT_LOCK({key}); IF TO_REGNAMESPACE({self.text(self.quote(schema))}) IS NULL "
            f"THEN CREATE SCHEMA {self.quote(schema)}; END IF; END"
        )
        return f"DO {self.text(block)}"

    def lock(self, table: str) -> TargetLock:
        """Advisory locks belong to one database; a name without a schema is looked up as the engine will."""
        parts = self.parts(table)
        schema = self.text(parts[-2]) if len(parts) > 1 else self._schema_of(parts[-1])
        key = f"HASHTEXTEXTENDED('dataflow.' || {schema} || '.' || {self.text(parts[-1])}, 0)"
        # A key of 64 bits stands in pg_locks as two halves.
        holder = (
            "SELECT MAX(COALESCE(NULLIF(a.application_name, ''), a.usename) || ' (pid ' || a.pid || ')') "
            "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            f"AND (CAST(l.classid AS BIGINT) << 32) | CAST(l.objid AS BIGINT) = {key}"
        )
        return TargetLock(f"SELECT CASE WHEN PG_TRY_ADVISORY_XACT_LOCK({key}) THEN 1 ELSE 0 END", holder)

    def _schema_of(self, name: str) -> str:
        found = (
            "SELECT CAST(n.nspname AS TEXT) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE c.oid = TO_REGCLASS({self.text(self.quote(name))})"
        )
        return f"COALESCE(({found}), CAST(CURRENT_SCHEMA() AS TEXT), '')"


class PostgresWithoutMerge(PostgresPublish):
    """PostgreSQL 14 and earlier."""

    def for_server(self, answer: int) -> PublishSql:
        return self

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)


POSTGRES_PUBLISH = PostgresPublish()
POSTGRES_WITHOUT_MERGE = PostgresWithoutMerge()
