-- stage
/* node:result */
/* node:joined */
SELECT
  [o].[id],
  [o].[Größe],
  [c].[Name] AS [name]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [o] /* node:orders */
JOIN (
  SELECT
    *
  FROM [raw].[Kunden]
  WHERE
    [id] > 5 AND [id] < 100
) AS [c] /* node:customers */
  ON [c].[id] = [o].[id]
WHERE
  [o].[amount] >= 5;

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

-- measure
SELECT
  COUNT(*) AS [rows]
FROM (
  SELECT
    *
  FROM [raw].[Kunden]
  WHERE
    [id] > 5 AND [id] < 100
) AS [customers] /* node:customers */;

-- cleanup
DROP TABLE [_dataflow_df_c29d313e43_result];

