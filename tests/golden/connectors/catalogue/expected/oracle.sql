SELECT * FROM (
SELECT username AS "name" FROM all_users WHERE oracle_maintained = 'N'
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT table_name AS "name", 'table' AS "kind", num_rows AS "rows"
    FROM all_tables WHERE owner = 'O''Hara'
UNION ALL
SELECT view_name, 'view', NULL FROM all_views WHERE owner = 'O''Hara'
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT c.column_name AS "name", c.data_type AS "type",
  CASE WHEN c.nullable = 'Y' THEN 1 ELSE 0 END AS "nullable",
  (SELECT k.position FROM all_constraints t JOIN all_cons_columns k
    ON k.owner = t.owner AND k.constraint_name = t.constraint_name
    WHERE t.constraint_type = 'P' AND t.owner = c.owner AND t.table_name = c.table_name
      AND k.column_name = c.column_name) AS "key", c.column_id AS "position"
FROM all_tab_columns c WHERE c.owner = 'mart' AND c.table_name = 'usage'
) found ORDER BY "position";
