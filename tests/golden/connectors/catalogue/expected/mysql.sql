SELECT * FROM (
SELECT schema_name AS `name` FROM information_schema.schemata
WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
) found WHERE LOWER(`name`) LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY `name`;

SELECT * FROM (
SELECT table_name AS `name`, CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END AS `kind`,
  table_rows AS `rows`
FROM information_schema.tables WHERE table_schema = 'O''Hara'
) found WHERE LOWER(`name`) LIKE '%call%' ESCAPE '!' ORDER BY `name`;

SELECT * FROM (
SELECT c.column_name AS `name`, c.column_type AS `type`,
  CASE WHEN c.is_nullable = 'YES' THEN 1 ELSE 0 END AS `nullable`,
  (SELECT k.ordinal_position FROM information_schema.key_column_usage AS k WHERE k.constraint_name = 'PRIMARY'
    AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name) AS `key`,
  c.ordinal_position AS `position`
FROM information_schema.columns AS c WHERE c.table_schema = 'mart' AND c.table_name = 'usage'
) found ORDER BY `position`;
