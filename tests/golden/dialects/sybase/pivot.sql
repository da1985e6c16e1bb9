-- stage
/* node:result */
/* node:wide */
SELECT
  [id],
  SUM(CASE WHEN [group] = 'Żółty' THEN [amount] END) AS [Żółty],
  SUM(CASE WHEN [group] = 'b''s' THEN [amount] END) AS [b's]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [orders] /* node:orders */
GROUP BY
  [id];

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

