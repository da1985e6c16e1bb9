SELECT * FROM (
SELECT u.name AS "name" FROM sysusers AS u
WHERE EXISTS (SELECT 1 FROM sysobjects AS o WHERE o.uid = u.uid AND o.type IN ('U', 'V'))
) found WHERE LOWER([name]) LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY [name];

SELECT * FROM (
SELECT o.name AS "name", CASE WHEN o.type = 'V' THEN 'view' ELSE 'table' END AS "kind",
  CASE WHEN o.type = 'U' THEN row_count(db_id(), o.id) END AS "rows"
FROM sysobjects AS o JOIN sysusers AS u ON u.uid = o.uid
WHERE u.name = 'O''Hara' AND o.type IN ('U', 'V')
) found WHERE LOWER([name]) LIKE '%call%' ESCAPE '!' ORDER BY [name];

SELECT * FROM (
SELECT c.name AS "name", t.name AS "type", CASE WHEN c.status & 8 = 8 THEN 1 ELSE 0 END AS "nullable",
  CONVERT(INT, NULL) AS "key", c.colid AS "position"
FROM syscolumns AS c JOIN sysobjects AS o ON o.id = c.id JOIN sysusers AS u ON u.uid = o.uid
JOIN systypes AS t ON t.usertype = c.usertype
WHERE u.name = 'mart' AND o.name = 'usage'
) found ORDER BY [position];
