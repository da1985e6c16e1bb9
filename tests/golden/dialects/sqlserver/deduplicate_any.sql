-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [one] /* node:one */ AS (
  SELECT
    [id] AS [id],
    [Order] AS [Order],
    [Größe] AS [Größe],
    [group] AS [group],
    [amount] AS [amount],
    [note] AS [note],
    [at] AS [at]
  FROM (
    SELECT
      [id] AS [id],
      [Order] AS [Order],
      [Größe] AS [Größe],
      [group] AS [group],
      [amount] AS [amount],
      [note] AS [note],
      [at] AS [at],
      ROW_NUMBER() OVER (PARTITION BY [group] ORDER BY [group]) AS [_df_rank]
    FROM [orders]
  ) AS [q]
  WHERE
    [_df_rank] = 1
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [one];

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

