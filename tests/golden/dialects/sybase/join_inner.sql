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
  [l].[at],
  [r].[Name]
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM [raw].[orders]
) AS [l] /* node:orders */
INNER JOIN (
  SELECT
    *
  FROM [raw].[Kunden]
  WHERE
    [id] > 5 AND [id] < 100
) AS [r] /* node:customers */
  ON [l].[id] = [r].[id];

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

-- check
SELECT
  COUNT(*) AS [offenders]
FROM (
  SELECT
    [r].[id] AS [id]
  FROM (
    SELECT
      *
    FROM [raw].[Kunden]
    WHERE
      [id] > 5 AND [id] < 100
  ) AS [r] /* node:customers */
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [l] /* node:orders */
      WHERE
        [l].[id] = [r].[id]
    )
  GROUP BY
    [r].[id]
  HAVING
    COUNT(*) > 1
) AS [d];

-- cleanup
DROP TABLE [_dataflow_df_c29d313e43_result];

