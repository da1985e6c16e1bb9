-- stage
/* node:result */
SELECT
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    [l].[id],
    [l].[Order],
    [l].[Größe],
    [l].[group],
    [l].[amount],
    [l].[note],
    [l].[at],
    [r].[id] AS [c_id],
    [r].[Name]
  FROM (
    SELECT
      *
    FROM [raw].[orders]
  ) AS [l] /* node:orders */
  LEFT JOIN (
    SELECT
      *
    FROM [raw].[Kunden]
    WHERE
      [id] > 5 AND [id] < 100
  ) AS [r] /* node:customers */
    ON (
      [l].[note] = [r].[Name] OR (
        [l].[note] IS NULL AND [r].[Name] IS NULL
      )
    )
  UNION ALL
  SELECT
    [l].[id],
    [l].[Order],
    [l].[Größe],
    [l].[group],
    [l].[amount],
    [l].[note],
    [l].[at],
    [r].[id] AS [c_id],
    [r].[Name]
  FROM (
    SELECT
      *
    FROM [raw].[Kunden]
    WHERE
      [id] > 5 AND [id] < 100
  ) AS [r] /* node:customers */
  LEFT JOIN (
    SELECT
      *
    FROM [raw].[orders]
  ) AS [l] /* node:orders */
    ON 1 = 0
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [l] /* node:orders */
      WHERE
        (
          [l].[note] = [r].[Name] OR (
            [l].[note] IS NULL AND [r].[Name] IS NULL
          )
        )
    )
) AS [met] /* node:met */;

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

