-- stage
/* node:result */
/* node:rest */
SELECT
  [id],
  [Größe]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM [raw].[orders]
  ) AS [orders] /* node:orders */
  WHERE
    CASE WHEN [amount] > 0 THEN 1 ELSE 0 END = 0
) AS [kept__rejected] /* node:kept.rejected */;

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

