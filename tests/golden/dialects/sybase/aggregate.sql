-- stage
/* node:result */
/* node:sums */
SELECT
  [group],
  [Größe],
  SUM([amount]) AS [total],
  COUNT(*) AS [n]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [orders] /* node:orders */
GROUP BY
  [group],
  [Größe]
HAVING
  COUNT(*) > 1;

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

