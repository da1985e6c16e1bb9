-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [more] /* node:more */ AS (
  SELECT
    [id] AS [id],
    [Order] + [note] AS [Order],
    [Größe] AS [Größe],
    [group] AS [group],
    [amount] AS [amount],
    [note] AS [note],
    [at] AS [at],
    [amount] * 2 AS [double]
  FROM [orders]
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [more];

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

