"""MySQL and MariaDB: no MERGE, DDL commits, a named lock of the server per target.

ON DUPLICATE KEY is never used: it fires on any unique key of the table, not on the keys of the write mode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dataflow_provider.dialects.canonical import Canonical
from dataflow_provider.dialects.publish import Merge, PublishSql, TargetLock

WAIT_S = 5
_TYPES = Canonical(
    {
        "BINARY": "BLOB",
        "BLOB": "BLOB",
        "CHAR": "VARCHAR",
        "DATETIME": "TIMESTAMP",
        "FLOAT": "FLOAT",
        "INT": "INTEGER",
        "JSON": "JSON",
        "LONGBLOB": "BLOB",
        "LONGTEXT": "VARCHAR",
        "MEDIUMBLOB": "BLOB",
        "MEDIUMINT": "INTEGER",
        "MEDIUMTEXT": "VARCHAR",
        "TEXT": "VARCHAR",
        "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
        "TINYBLOB": "BLOB",
        "TINYINT": "TINYINT",
        "TINYTEXT": "VARCHAR",
        "VARBINARY": "BLOB",
    }
)
_VARCHAR = re.compile(r"VARCHAR(\(\d+\).*)")


class MySqlPublish(PublishSql):
    """What is written alike for MySQL 8 and MariaDB."""

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def text(self, value: str) -> str:
        """A backslash means one thing or another by `sql_mode`; as bytes it cannot be misread.

        It stays a literal, which takes the collation of the column that it is compared with; CONVERT has one itself.
        """
        if "\\" in value:
            return f"_utf8mb4 X'{value.encode().hex()}'"
        return super().text(value)

    def text_type(self, length: int) -> str:
        """The character set of a server may be latin1, and a run id hold any letter."""
        return f"{super().text_type(length)} CHARACTER SET utf8mb4"

    def same_text(self, column: str, value: str) -> str:
        """By characters: bytes of a column in latin1 would never be those of the text."""
        exact = f"CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin = {self.text(value)}"
        return f"{super().same_text(column, value)} AND {exact}"

    def canonical_type(self, kind: str) -> str:
        return _TYPES.of(kind)

    def null_of(self, kind: str) -> str:
        """CAST knows no VARCHAR; CHAR of a length is one."""
        match = _VARCHAR.fullmatch(kind)
        return f"CAST(NULL AS CHAR{match[1]})" if match else super().null_of(kind)

    def order_term(self, column: str, *, descending: bool, nulls_first: bool) -> str:
        return f"{column} IS NULL {'DESC' if nulls_first else 'ASC'}, {column} {'DESC' if descending else 'ASC'}"

    def lock(self, table: str) -> TargetLock:
        """A lock of the whole server, held by the session: DDL, which commits, must not let go of it."""
        parts = self.parts(table)
        schema = self.text(parts[-2]) if len(parts) > 1 else "COALESCE(DATABASE(), '')"
        name = f"CONCAT('df_', SHA1(LOWER(CONCAT({schema}, '.', {self.text(parts[-1])}))))"
        return TargetLock(
            take=f"SELECT GET_LOCK({name}, {WAIT_S})",
            holder=f"SELECT CONCAT('connection ', IS_USED_LOCK({name}))",
            release=f"DO RELEASE_LOCK({name})",
        )

    def unprotected(self, table: str) -> tuple[str, str, str] | None:
        """MyISAM, Aria, MEMORY and CSV keep what was done before a crash: half of a publish."""
        parts = self.parts(table)
        schema = self.text(parts[-2]) if len(parts) > 1 else "DATABASE()"
        found = (
            "SELECT COUNT(*) FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE "
            f"WHERE t.TABLE_SCHEMA = {schema} AND t.TABLE_NAME = {self.text(parts[-1])} "
            "AND COALESCE(e.TRANSACTIONS, '') <> 'YES'"
        )
        message = f"the storage engine of `{table}` has no transactions, so a crash would leave half of a publish"
        return found, message, f"Run `ALTER TABLE {self.table(table)} ENGINE = InnoDB`."

    def delete_matching(self, table: str, source: str, keys: Sequence[tuple[str, str]]) -> str:
        return f"DELETE t FROM {table} AS t WHERE EXISTS (SELECT 1 FROM ({source}) s WHERE {self.meet(keys)})"

    def update_matching(self, merge: Merge, source: str) -> str:
        pairs = ", ".join(f"t.{self.quote(ours)} = s.{self.quote(theirs)}" for ours, theirs in merge.update)
        return f"UPDATE {merge.table} AS t JOIN ({source}) s ON {self.meet(merge.keys)}\nSET {pairs}"

    def merge(self, merge: Merge) -> tuple[str, ...]:
        return self.merge_in_parts(merge)


MYSQL_PUBLISH = MySqlPublish()
