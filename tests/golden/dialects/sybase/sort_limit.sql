-- stage
/* node:result */
/* node:top */
SELECT
TOP 3
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [orders] /* node:orders */
ORDER BY
  [amount] DESC,
  CASE WHEN [id] IS NULL THEN 1 ELSE 0 END,
  [id] ASC;

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

