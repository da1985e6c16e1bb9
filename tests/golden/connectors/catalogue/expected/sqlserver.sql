SELECT * FROM (
SELECT s.name AS [name] FROM sys.schemas AS s
WHERE s.schema_id < 16384 AND s.name NOT IN ('sys', 'INFORMATION_SCHEMA', 'guest')
) found WHERE LOWER([name]) LIKE N'%it''s!_50!%%' ESCAPE '!' ORDER BY [name];

SELECT * FROM (
SELECT o.name AS [name], CASE WHEN o.type = 'V' THEN 'view' ELSE 'table' END AS [kind],
  (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)) AS [rows]
FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE s.name = N'O''Hara' AND o.type IN ('U', 'V')
) found WHERE LOWER([name]) LIKE N'%call%' ESCAPE '!' ORDER BY [name];

SELECT * FROM (
SELECT c.column_name AS [name], c.data_type AS [type],
  CASE WHEN c.is_nullable = 'YES' THEN 1 ELSE 0 END AS [nullable],
  (SELECT k.ordinal_position FROM information_schema.table_constraints AS t
    JOIN information_schema.key_column_usage AS k ON k.constraint_name = t.constraint_name
      AND k.table_schema = t.table_schema AND k.table_name = t.table_name
    WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name
      AND k.column_name = c.column_name) AS [key], c.ordinal_position AS [position]
FROM information_schema.columns AS c WHERE c.table_schema = N'mart' AND c.table_name = N'usage'
) found ORDER BY [position];
