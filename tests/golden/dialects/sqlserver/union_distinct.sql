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
), [few] /* node:few */ AS (
  SELECT
    [id] AS [id],
    [note] AS [note]
  FROM [orders]
), [all] /* node:all */ AS (
  SELECT
    [id],
    [note],
    CAST(NULL AS NVARCHAR(40)) AS [Name]
  FROM [few]
  UNION
  SELECT
    [id],
    NULL AS [note],
    [Name]
  FROM [customers]
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [all];

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

