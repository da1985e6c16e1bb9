-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [ranked] /* node:ranked */ AS (
  SELECT
    [id] AS [id],
    [Order] AS [Order],
    [Größe] AS [Größe],
    [group] AS [group],
    [amount] AS [amount],
    [note] AS [note],
    [at] AS [at],
    SUM([amount]) OVER (
      PARTITION BY [group]
      ORDER BY [at] DESC, [id] ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS [running],
    LAG([amount]) OVER (PARTITION BY [group] ORDER BY [at] DESC, [id] ASC) AS [before],
    ROW_NUMBER() OVER (PARTITION BY [group] ORDER BY [at] DESC, [id] ASC) AS [n]
  FROM [orders]
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [ranked];

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

