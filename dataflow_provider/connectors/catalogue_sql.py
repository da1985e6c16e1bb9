"""The questions to each engine's catalogue, by dialect.

SCHEMAS answer `name`; TABLES `name`, `kind` (table or view) and `rows` (about how many, NULL when not known) of
`{schema}`; COLUMNS `name`, `type`, `nullable` (1 or 0), `key` (place in the primary key) and `position` of `{table}`.
Databricks answers in its own columns. Letters: quoted lower case, as the engine would fold them otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

SCHEMAS: Mapping[str, str] = {
    "duckdb": """SELECT DISTINCT schema_name AS "name" FROM duckdb_schemas()
WHERE database_name = current_database() AND (NOT internal OR schema_name = 'main')""",
    "sqlite": """SELECT 'main' AS "name\"""",
    "postgres": """SELECT nspname AS "name" FROM pg_namespace
WHERE nspname NOT LIKE 'pg!_%' ESCAPE '!' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')""",
    "mysql": """SELECT schema_name AS `name` FROM information_schema.schemata
WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')""",
    "snowflake": """SELECT schema_name AS "name" FROM information_schema.schemata
WHERE schema_name <> 'INFORMATION_SCHEMA'""",
    "databricks": "SHOW SCHEMAS",
    "sqlserver": """SELECT s.name AS [name] FROM sys.schemas AS s
WHERE s.schema_id < 16384 AND s.name NOT IN ('sys', 'INFORMATION_SCHEMA', 'guest')""",
    "oracle": """SELECT username AS "name" FROM all_users WHERE oracle_maintained = 'N'""",
    "teradata": """SELECT TRIM(DatabaseName) AS "name" FROM DBC.DatabasesV
WHERE DatabaseName NOT IN ('DBC', 'SYSLIB', 'SystemFe', 'SysAdmin', 'SYSUDTLIB', 'TD_SYSFNLIB', 'TDStats')""",
    "sybase": """SELECT u.name AS "name" FROM sysusers AS u
WHERE EXISTS (SELECT 1 FROM sysobjects AS o WHERE o.uid = u.uid AND o.type IN ('U', 'V'))""",
    "saphana": """SELECT SCHEMA_NAME AS "name" FROM SYS.SCHEMAS
WHERE HAS_PRIVILEGES = 'TRUE' AND SCHEMA_NAME NOT LIKE '!_SYS%' ESCAPE '!' AND SCHEMA_NAME <> 'SYS'""",
}

TABLES: Mapping[str, str] = {
    "duckdb": """SELECT table_name AS "name", 'table' AS "kind", estimated_size AS "rows" FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = {schema} AND NOT internal
UNION ALL
SELECT view_name, 'view', NULL FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = {schema} AND NOT internal""",
    "sqlite": """SELECT name AS "name", type AS "kind", NULL AS "rows" FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND {schema} = 'main'""",
    "postgres": """SELECT c.relname AS "name", CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS "kind",
  CASE WHEN c.reltuples >= 0 THEN CAST(c.reltuples AS BIGINT) END AS "rows"
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "mysql": """SELECT table_name AS `name`, CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END AS `kind`,
  table_rows AS `rows`
FROM information_schema.tables WHERE table_schema = {schema}""",
    "snowflake": """SELECT table_name AS "name",
  CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END AS "kind",
  row_count AS "rows"
FROM information_schema.tables WHERE table_schema = {schema}""",
    "databricks": "SHOW TABLES IN {quoted_schema}",
    "sqlserver": """SELECT o.name AS [name], CASE WHEN o.type = 'V' THEN 'view' ELSE 'table' END AS [kind],
  (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)) AS [rows]
FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE s.name = {schema} AND o.type IN ('U', 'V')""",
    "oracle": """SELECT table_name AS "name", 'table' AS "kind", num_rows AS "rows"
    FROM all_tables WHERE owner = {schema}
UNION ALL
SELECT view_name, 'view', NULL FROM all_views WHERE owner = {schema}""",
    "teradata": """SELECT TRIM(TableName) AS "name", CASE WHEN TableKind = 'V' THEN 'view' ELSE 'table' END AS "kind",
  CAST(NULL AS BIGINT) AS "rows"
FROM DBC.TablesV WHERE DatabaseName = {schema} AND TableKind IN ('T', 'O', 'V')""",
    "sybase": """SELECT o.name AS "name", CASE WHEN o.type = 'V' THEN 'view' ELSE 'table' END AS "kind",
  CASE WHEN o.type = 'U' THEN row_count(db_id(), o.id) END AS "rows"
FROM sysobjects AS o JOIN sysusers AS u ON u.uid = o.uid
WHERE u.name = {schema} AND o.type IN ('U', 'V')""",
    "saphana": """SELECT t.TABLE_NAME AS "name", 'table' AS "kind", m.RECORD_COUNT AS "rows"
FROM SYS.TABLES AS t LEFT JOIN SYS.M_TABLES AS m ON m.SCHEMA_NAME = t.SCHEMA_NAME AND m.TABLE_NAME = t.TABLE_NAME
WHERE t.SCHEMA_NAME = {schema}
UNION ALL
SELECT VIEW_NAME, 'view', NULL FROM SYS.VIEWS WHERE SCHEMA_NAME = {schema}""",
}

_STANDARD_KEY = """(SELECT k.ordinal_position FROM information_schema.table_constraints AS t
    JOIN information_schema.key_column_usage AS k ON k.constraint_name = t.constraint_name
      AND k.table_schema = t.table_schema AND k.table_name = t.table_name
    WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name
      AND k.column_name = c.column_name)"""

COLUMNS: Mapping[str, str] = {
    "duckdb": """SELECT c.column_name AS "name", c.data_type AS "type", CAST(c.is_nullable AS INTEGER) AS "nullable",
  list_position(k.constraint_column_names, c.column_name) AS "key", c.column_index AS "position"
FROM duckdb_columns() AS c LEFT JOIN duckdb_constraints() AS k ON k.database_name = c.database_name
  AND k.schema_name = c.schema_name AND k.table_name = c.table_name AND k.constraint_type = 'PRIMARY KEY'
WHERE c.database_name = current_database() AND c.schema_name = {schema} AND c.table_name = {table}""",
    "sqlite": """SELECT name AS "name", type AS "type", 1 - "notnull" AS "nullable", pk AS "key", cid AS "position"
FROM pragma_table_xinfo({table}) WHERE hidden <> 1 AND {schema} = 'main'""",
    "postgres": """SELECT a.attname AS "name", format_type(a.atttypid, a.atttypmod) AS "type",
  CASE WHEN a.attnotnull THEN 0 ELSE 1 END AS "nullable",
  (SELECT k.place FROM unnest(CAST(i.indkey AS INT2[])) WITH ORDINALITY AS k(attnum, place)
    WHERE k.attnum = a.attnum) AS "key", a.attnum AS "position"
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
WHERE n.nspname = {schema} AND c.relname = {table} AND a.attnum > 0 AND NOT a.attisdropped""",
    "mysql": """SELECT c.column_name AS `name`, c.column_type AS `type`,
  CASE WHEN c.is_nullable = 'YES' THEN 1 ELSE 0 END AS `nullable`,
  (SELECT k.ordinal_position FROM information_schema.key_column_usage AS k WHERE k.constraint_name = 'PRIMARY'
    AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name) AS `key`,
  c.ordinal_position AS `position`
FROM information_schema.columns AS c WHERE c.table_schema = {schema} AND c.table_name = {table}""",
    "snowflake": """SELECT column_name AS "name", data_type AS "type",
  CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END AS "nullable",
  CAST(NULL AS INTEGER) AS "key", ordinal_position AS "position"
FROM information_schema.columns WHERE table_schema = {schema} AND table_name = {table}""",
    "databricks": "DESCRIBE TABLE {quoted_schema}.{quoted_table}",
    "sqlserver": f"""SELECT c.column_name AS [name], c.data_type AS [type],
  CASE WHEN c.is_nullable = 'YES' THEN 1 ELSE 0 END AS [nullable],
  {_STANDARD_KEY} AS [key], c.ordinal_position AS [position]
FROM information_schema.columns AS c WHERE c.table_schema = {{schema}} AND c.table_name = {{table}}""",
    "oracle": """SELECT c.column_name AS "name", c.data_type AS "type",
  CASE WHEN c.nullable = 'Y' THEN 1 ELSE 0 END AS "nullable",
  (SELECT k.position FROM all_constraints t JOIN all_cons_columns k
    ON k.owner = t.owner AND k.constraint_name = t.constraint_name
    WHERE t.constraint_type = 'P' AND t.owner = c.owner AND t.table_name = c.table_name
      AND k.column_name = c.column_name) AS "key", c.column_id AS "position"
FROM all_tab_columns c WHERE c.owner = {schema} AND c.table_name = {table}""",
    "teradata": """SELECT TRIM(c.ColumnName) AS "name",
  CASE TRIM(c.ColumnType) WHEN 'I' THEN 'INTEGER' WHEN 'I1' THEN 'BYTEINT'
    WHEN 'I2' THEN 'SMALLINT' WHEN 'I8' THEN 'BIGINT'
    WHEN 'F' THEN 'FLOAT' WHEN 'D' THEN 'DECIMAL' WHEN 'N' THEN 'NUMBER' WHEN 'CF' THEN 'CHAR' WHEN 'CV' THEN 'VARCHAR'
    WHEN 'DA' THEN 'DATE' WHEN 'AT' THEN 'TIME' WHEN 'TS' THEN 'TIMESTAMP' WHEN 'SZ' THEN 'TIMESTAMP WITH TIME ZONE'
    WHEN 'BF' THEN 'BYTE' WHEN 'BV' THEN 'VARBYTE' WHEN 'JN' THEN 'JSON' ELSE TRIM(c.ColumnType) END AS "type",
  CASE WHEN c.Nullable = 'Y' THEN 1 ELSE 0 END AS "nullable", k.ColumnPosition AS "key", c.ColumnId AS "position"
FROM DBC.ColumnsV AS c LEFT JOIN DBC.IndicesV AS k ON k.DatabaseName = c.DatabaseName AND k.TableName = c.TableName
  AND k.ColumnName = c.ColumnName AND k.IndexType = 'K'
WHERE c.DatabaseName = {schema} AND c.TableName = {table}""",
    "sybase": """SELECT c.name AS "name", t.name AS "type", CASE WHEN c.status & 8 = 8 THEN 1 ELSE 0 END AS "nullable",
  CONVERT(INT, NULL) AS "key", c.colid AS "position"
FROM syscolumns AS c JOIN sysobjects AS o ON o.id = c.id JOIN sysusers AS u ON u.uid = o.uid
JOIN systypes AS t ON t.usertype = c.usertype
WHERE u.name = {schema} AND o.name = {table}""",
    "saphana": """SELECT c.COLUMN_NAME AS "name", c.DATA_TYPE_NAME AS "type",
  CASE WHEN c.IS_NULLABLE = 'TRUE' THEN 1 ELSE 0 END AS "nullable",
  k.POSITION AS "key", c.POSITION AS "position"
FROM (SELECT SCHEMA_NAME, TABLE_NAME, COLUMN_NAME, DATA_TYPE_NAME, IS_NULLABLE, POSITION FROM SYS.TABLE_COLUMNS
  UNION ALL SELECT SCHEMA_NAME, VIEW_NAME, COLUMN_NAME, DATA_TYPE_NAME, IS_NULLABLE, POSITION
    FROM SYS.VIEW_COLUMNS) AS c
LEFT JOIN SYS.CONSTRAINTS AS k ON k.SCHEMA_NAME = c.SCHEMA_NAME AND k.TABLE_NAME = c.TABLE_NAME
  AND k.COLUMN_NAME = c.COLUMN_NAME AND k.IS_PRIMARY_KEY = 'TRUE'
WHERE c.SCHEMA_NAME = {schema} AND c.TABLE_NAME = {table}""",
}
