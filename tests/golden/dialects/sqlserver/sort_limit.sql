-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [top] /* node:top */ AS (
  SELECT
  TOP 3
    *
  FROM [orders]
  ORDER BY
    [amount] DESC,
    CASE WHEN [id] IS NULL THEN 1 ELSE 0 END,
    [id] ASC
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [top];

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

