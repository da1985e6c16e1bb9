SELECT * FROM (
SELECT 'main' AS "name"
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT name AS "name", type AS "kind", NULL AS "rows" FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND 'O''Hara' = 'main'
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT name AS "name", type AS "type", 1 - "notnull" AS "nullable", pk AS "key", cid AS "position"
FROM pragma_table_xinfo('usage') WHERE hidden <> 1 AND 'mart' = 'main'
) found ORDER BY "position";
