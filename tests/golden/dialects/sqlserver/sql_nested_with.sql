-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [part] AS (
  SELECT
    [id] AS [id],
    [note] AS [note]
  FROM [orders] AS [orders]
  WHERE
    [id] > 1
), [first] /* node:first */ AS (
  SELECT
    [id] AS [id],
    [note] AS [note]
  FROM [part]
), [part_1] AS (
  SELECT
    [id] AS [id],
    [note] AS [note]
  FROM [orders] AS [orders]
  WHERE
    [id] > 1
), [second] /* node:second */ AS (
  SELECT
    [id] AS [id],
    [note] AS [note]
  FROM [part_1] AS [part]
), [both] /* node:both */ AS (
  SELECT
    *
  FROM [first]
  UNION ALL
  SELECT
    *
  FROM [second]
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [both];

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

