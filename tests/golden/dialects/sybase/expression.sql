-- stage
/* node:result */
/* node:more */
SELECT
  [id],
  [Order] + [note] AS [Order],
  [Größe],
  [group],
  [amount],
  [note],
  [at],
  [amount] * 2 AS [double]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [orders] /* node:orders */;

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

