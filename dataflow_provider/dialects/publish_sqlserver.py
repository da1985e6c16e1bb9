"""SQL Server: UPDATE and INSERT under range locks instead of MERGE, everything transactional, an applock per target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Layout, Merge, PublishSql, TargetLock

WAIT_MS = 5000
_TYPES = Canonical(
    {
        "INT": "INTEGER", "TINYINT": "UTINYINT", "BIT": "BOOLEAN", "NUMERIC": "DECIMAL", "DEC": "DECIMAL",
        "FLOAT": "DOUBLE", "REAL": "FLOAT", "CHAR": "VARCHAR", "NCHAR": "VARCHAR", "NVARCHAR": "VARCHAR",
        "TEXT": "VARCHAR", "NTEXT": "VARCHAR", "DATETIME": "TIMESTAMP", "DATETIME2": "TIMESTAMP",
        "SMALLDATETIME": "TIMESTAMP", "DATETIMEOFFSET": "TIMESTAMP WITH TIME ZONE", "BINARY": "BLOB",
        "VARBINARY": "BLOB", "IMAGE": "BLOB",
    },
    decimal="DECIMAL(18,0)",
)  # fmt: skip


class SqlServerPublish(PublishSql):
    """Transact-SQL as SQL Server 2017 and Azure SQL have it."""

    layout = frozenset({"cluster_by"})

    def quote(self, name: str) -> str:
        return "[" + name.replace("]", "]]") + "]"

    def text(self, value: str) -> str:
        """Without N it is a text of the database's code page, which loses characters."""
        return f"N{super().text(value)}"

    def same_text(self, column: str, value: str) -> str:
        """The collation stands with the text: a VARCHAR column would be converted to its code page first."""
        plain = super().same_text(column, value)
        return f"{plain} AND {plain} COLLATE Latin1_General_BIN2"

    def timestamp(self, moment: datetime) -> str:
        return f"CAST('{moment.isoformat(timespec='microseconds')}' AS DATETIME2(6))"

    def text_type(self, length: int) -> str:
        return f"NVARCHAR({length})"

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def order_term(self, column: str, *, descending: bool, nulls_first: bool) -> str:
        rank = f"CASE WHEN {column} IS NULL THEN {int(not nulls_first)} ELSE {int(nulls_first)} END"
        return f"{rank}, {column} {'DESC' if descending else 'ASC'}"

    def create_schema(self, schema: str) -> str | None:
        statement = self.text(f"CREATE SCHEMA {self.quote(schema)}")
        return f"IF SCHEMA_ID({self.text(schema)}) IS NULL EXEC({statement})"

    def create_table(self, table: str, source: str, extra: Mapping[str, str], layout: Layout) -> str:
        """The outer join lets every column be NULL and none count by itself, whatever the source's do."""
        more = "".join(f", {self.null_of(kind)} AS {self.quote(name)}" for name, kind in extra.items())
        rows = f"FROM (SELECT 1 AS one) d LEFT JOIN ({source}) s ON 1 = 0 WHERE 1 = 0"
        steps = [f"SELECT s.*{more} INTO {table} {rows}"]
        if layout.cluster_by:
            steps.append(f"CREATE CLUSTERED INDEX [df_cluster] ON {table} ({', '.join(layout.cluster_by)})")
        return f"IF OBJECT_ID({self.text(table)}) IS NULL BEGIN {'; '.join(steps)}; END"

    def add_column(self, table: str, name: str, kind: str) -> str:
        return f"ALTER TABLE {table} ADD {self.quote(name)} {kind} NULL"

    def lock(self, table: str) -> TargetLock:
        """An applock of the transaction, by the name the engine itself finds for the table."""
        parts = self.parts(table)
        found = f"OBJECT_SCHEMA_NAME(OBJECT_ID({self.text(self.table(table))}))"
        schema = self.text(parts[-2]) if len(parts) > 1 else f"COALESCE({found}, SCHEMA_NAME())"
        name = f"LEFT(CONCAT(N'dataflow.', LOWER({schema}), N'.', LOWER({self.text(parts[-1])})), 255)"
        take = (
            f"SET NOCOUNT ON; DECLARE @name NVARCHAR(255) = {name}, @answer INT; "
            "EXEC @answer = sp_getapplock @Resource = @name, @LockMode = 'Exclusive', @LockOwner = 'Transaction', "
            f"@LockTimeout = {WAIT_MS}; SELECT CASE WHEN @answer >= 0 THEN 1 ELSE 0 END"
        )
        return TargetLock(take)

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return f"DELETE t FROM {table} AS t WHERE EXISTS (SELECT 1 FROM ({source}) s WHERE {self.meet(keys)})"

    def update_matching(self, merge: Merge, source: str) -> str:
        pairs = ", ".join(f"{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
        locked = f"{merge.table} AS t WITH (UPDLOCK, HOLDLOCK)"
        return f"UPDATE t SET {pairs}\nFROM {locked} JOIN ({source}) s ON {self.meet(merge.keys)}"

    def insert_missing(self, merge: Merge, source: str) -> str:
        names = self.columns([ours for ours, _ in merge.insert])
        values = self.columns([theirs for _, theirs in merge.insert], "s.")
        found = f"SELECT 1 FROM {merge.table} AS t WITH (UPDLOCK, HOLDLOCK) WHERE {self.meet(merge.keys)}"
        return f"INSERT INTO {merge.table} ({names})\nSELECT {values} FROM ({source}) s WHERE NOT EXISTS ({found})"

    def overwrite(self, table: str, names: Sequence[str], source: str) -> tuple[str, ...]:
        """TRUNCATE is part of the transaction, and readers wait for it."""
        return (f"TRUNCATE TABLE {table}", self.insert(table, names, source))

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)


SQLSERVER_PUBLISH = SqlServerPublish()
