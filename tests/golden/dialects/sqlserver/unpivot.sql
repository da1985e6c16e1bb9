-- stage
IF SCHEMA_ID(N'_dataflow') IS NULL EXEC(N'CREATE SCHEMA [_dataflow]');

-- stage
DROP TABLE IF EXISTS [_dataflow].[df_c29d313e43_result];

-- stage
WITH [orders] /* node:orders */ AS (
  SELECT
    *
  FROM [raw].[orders]
), [long] /* node:long */ AS (
  SELECT
    *
  FROM (
    SELECT
      [l].[id] AS [id],
      [n].[which] AS [which],
      CASE [n].[which] WHEN N'Größe' THEN [l].[Größe] WHEN 'note' THEN [l].[note] END AS [text]
    FROM [orders] AS [l]
    CROSS JOIN (
      SELECT
        N'Größe' AS [which]
      UNION ALL
      SELECT
        'note' AS [which]
    ) AS [n]
  ) AS [u]
  WHERE
    NOT [text] IS NULL
)
/* node:result */
SELECT
  *
INTO [_dataflow].[df_c29d313e43_result]
FROM [long];

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

