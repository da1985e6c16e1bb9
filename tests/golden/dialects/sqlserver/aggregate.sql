-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [sums] /* node:sums */ AS (
  SELECT
    [group] AS [group],
    [Größe] AS [Größe],
    SUM([amount]) AS [total],
    COUNT(*) AS [n]
  FROM [orders]
  GROUP BY
    [group],
    [Größe]
  HAVING
    COUNT(*) > 1
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [sums];

-- measure
SELECT COUNT(*) FROM [_dataflow].[df_c29d313e43_result];

-- measure
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
)
SELECT
  COUNT(*) AS [rows]
FROM [orders];

-- cleanup
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

