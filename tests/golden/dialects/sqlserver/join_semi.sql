-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [customers] /* node:customers */ AS (
  SELECT
    *
  FROM [raw].[Kunden]
  WHERE
    [id] > 5 AND [id] < 100
), [met] /* node:met */ AS (
  SELECT
    [l].[id] AS [id],
    [l].[Order] AS [Order],
    [l].[Größe] AS [Größe],
    [l].[group] AS [group],
    [l].[amount] AS [amount],
    [l].[note] AS [note],
    [l].[at] AS [at]
  FROM [orders] AS [l]
  WHERE
    EXISTS(
      SELECT
        1
      FROM [customers] AS [r]
      WHERE
        [l].[id] = [r].[id]
    )
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [met];

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

-- measure
WITH [customers] /* node:customers */ AS (
  SELECT
    *
  FROM [raw].[Kunden]
  WHERE
    [id] > 5 AND [id] < 100
)
SELECT
  COUNT(*) AS [rows]
FROM [customers];

-- cleanup
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

