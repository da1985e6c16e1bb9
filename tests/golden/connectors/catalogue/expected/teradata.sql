SELECT * FROM (
SELECT TRIM(DatabaseName) AS "name" FROM DBC.DatabasesV
WHERE DatabaseName NOT IN ('DBC', 'SYSLIB', 'SystemFe', 'SysAdmin', 'SYSUDTLIB', 'TD_SYSFNLIB', 'TDStats')
) found WHERE LOWER("name") LIKE '%it''s!_50!%%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT TRIM(TableName) AS "name", CASE WHEN TableKind = 'V' THEN 'view' ELSE 'table' END AS "kind",
  CAST(NULL AS BIGINT) AS "rows"
FROM DBC.TablesV WHERE DatabaseName = 'O''Hara' AND TableKind IN ('T', 'O', 'V')
) found WHERE LOWER("name") LIKE '%call%' ESCAPE '!' ORDER BY "name";

SELECT * FROM (
SELECT TRIM(c.ColumnName) AS "name",
  CASE TRIM(c.ColumnType) WHEN 'I' THEN 'INTEGER' WHEN 'I1' THEN 'BYTEINT'
    WHEN 'I2' THEN 'SMALLINT' WHEN 'I8' THEN 'BIGINT'
    WHEN 'F' THEN 'FLOAT' WHEN 'D' THEN 'DECIMAL' WHEN 'N' THEN 'NUMBER' WHEN 'CF' THEN 'CHAR' WHEN 'CV' THEN 'VARCHAR'
    WHEN 'DA' THEN 'DATE' WHEN 'AT' THEN 'TIME' WHEN 'TS' THEN 'TIMESTAMP' WHEN 'SZ' THEN 'TIMESTAMP WITH TIME ZONE'
    WHEN 'BF' THEN 'BYTE' WHEN 'BV' THEN 'VARBYTE' WHEN 'JN' THEN 'JSON' ELSE TRIM(c.ColumnType) END AS "type",
  CASE WHEN c.Nullable = 'Y' THEN 1 ELSE 0 END AS "nullable", k.ColumnPosition AS "key", c.ColumnId AS "position"
FROM DBC.ColumnsV AS c LEFT JOIN DBC.IndicesV AS k ON k.DatabaseName = c.DatabaseName AND k.TableName = c.TableName
  AND k.ColumnName = c.ColumnName AND k.IndexType = 'K'
WHERE c.DatabaseName = 'mart' AND c.TableName = 'usage'
) found ORDER BY "position";
