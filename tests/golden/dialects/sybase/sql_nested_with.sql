-- stage
/* node:result */
SELECT
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    *
  FROM (
    SELECT
      [id] AS [id],
      [note] AS [note]
    FROM (
      SELECT
        [id] AS [id],
        [note] AS [note]
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [orders] /* node:orders */
      WHERE
        [id] > 1
    ) AS [part]
  ) AS [first] /* node:first */
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      [id] AS [id],
      [note] AS [note]
    FROM (
      SELECT
        [id] AS [id],
        [note] AS [note]
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [orders] /* node:orders */
      WHERE
        [id] > 1
    ) AS [part]
  ) AS [second] /* node:second */
) AS [both] /* node:both */;

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

