SELECT * FROM (
SELECT nspname AS "name" FROM pg_namespace
WHERE nspname NOT LIKE 'pg!_%' ESCAPE '!' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT c.relname AS "name", CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS "kind",
  CASE WHEN c.reltuples >= 0 THEN CAST(c.reltuples AS BIGINT) END AS "rows"
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'O''Hara' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT a.attname AS "name", format_type(a.atttypid, a.atttypmod) AS "type",
  CASE WHEN a.attnotnull THEN 0 ELSE 1 END AS "nullable",
  (SELECT k.place FROM unnest(CAST(i.indkey AS INT2[])) WITH ORDINALITY AS k(attnum, place)
    WHERE k.attnum = a.attnum) AS "key", a.attnum AS "position"
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
WHERE n.nspname = 'mart' AND c.relname = 'usage' AND a.attnum > 0 AND NOT a.attisdropped
) found ORDER BY "position";
