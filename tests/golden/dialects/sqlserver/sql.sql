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
), [joined] /* node:joined */ AS (
  SELECT
    [o].[id] AS [id],
    [o].[Größe] AS [Größe],
    [c].[Name] AS [name]
  FROM [orders] AS [o]
  JOIN [customers] AS [c]
    ON [c].[id] = [o].[id]
  WHERE
    [o].[amount] >= 5
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [joined];

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

