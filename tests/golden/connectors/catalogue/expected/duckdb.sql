SELECT * FROM (
SELECT DISTINCT schema_name AS "name" FROM duckdb_schemas()
WHERE database_name = current_database() AND (NOT internal OR schema_name = 'main')
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT table_name AS "name", 'table' AS "kind", estimated_size AS "rows" FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = 'O''Hara' AND NOT internal
UNION ALL
SELECT view_name, 'view', NULL FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = 'O''Hara' AND NOT internal
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT c.column_name AS "name", c.data_type AS "type", CAST(c.is_nullable AS INTEGER) AS "nullable",
  list_position(k.constraint_column_names, c.column_name) AS "key", c.column_index AS "position"
FROM duckdb_columns() AS c LEFT JOIN duckdb_constraints() AS k ON k.database_name = c.database_name
  AND k.schema_name = c.schema_name AND k.table_name = c.table_name AND k.constraint_type = 'PRIMARY KEY'
WHERE c.database_name = current_database() AND c.schema_name = 'mart' AND c.table_name = 'usage'
) found ORDER BY "position";
