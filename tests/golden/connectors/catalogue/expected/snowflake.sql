SELECT * FROM (
SELECT schema_name AS "name" FROM information_schema.schemata
WHERE schema_name <> 'INFORMATION_SCHEMA'
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT table_name AS "name",
  CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END AS "kind",
  row_count AS "rows"
FROM information_schema.tables WHERE table_schema = 'O''Hara'
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT column_name AS "name", data_type AS "type",
  CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END AS "nullable",
  CAST(NULL AS INTEGER) AS "key", ordinal_position AS "position"
FROM information_schema.columns WHERE table_schema = 'mart' AND table_name = 'usage'
) found ORDER BY "position";
