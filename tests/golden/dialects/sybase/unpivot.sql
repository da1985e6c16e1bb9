-- stage
/* node:result */
/* node:long */
SELECT
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    [l].[id] AS [id],
    [n].[which] AS [which],
    CASE [n].[which] WHEN 'Größe' THEN [l].[Größe] WHEN 'note' THEN [l].[note] END AS [text]
  FROM (
    SELECT
      *
    FROM [raw].[orders]
  ) AS [l] /* node:orders */
  INNER JOIN (
    SELECT
      CAST('Größe' AS VARCHAR(5)) AS [which]
    UNION ALL
    SELECT
      CAST('note' AS VARCHAR(5)) AS [which]
  ) AS [n]
    ON 1 = 1
) AS [u]
WHERE
  NOT [text] IS NULL;

-- measure
SELECT COUNT(*) FROM [_dataflow_df_c29d313e43_result];

-- measure
SELECT
  COUNT(*) AS [rows]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [orders] /* node:orders */;

-- cleanup
DROP TABLE [_dataflow_df_c29d313e43_result];

