-- stage
/* node:result */
SELECT
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    [id],
    [note],
    CAST(NULL AS VARCHAR(40)) AS [Name]
  FROM (
    SELECT
      [id] AS [id],
      [note] AS [note]
    FROM (
      SELECT
        *
      FROM [raw].[orders]
    ) AS [orders] /* node:orders */
  ) AS [few] /* node:few */
  UNION ALL
  SELECT
    [id],
    NULL AS [note],
    [Name]
  FROM (
    SELECT
      *
    FROM [raw].[Kunden]
    WHERE
      [id] > 5 AND [id] < 100
  ) AS [customers] /* node:customers */
) AS [all] /* node:all */;

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

