-- stage
/* node:result */
/* node:met */
SELECT
  [l].[id],
  [l].[Order],
  [l].[Größe],
  [l].[group],
  [l].[amount],
  [l].[note],
  [l].[at]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [l] /* node:orders */
WHERE
  EXISTS(
    SELECT
      1
    FROM (
      SELECT
        *
      FROM [raw].[Kunden]
      WHERE
        [id] > 5 AND [id] < 100
    ) AS [r] /* node:customers */
    WHERE
      [l].[id] = [r].[id]
  );

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

