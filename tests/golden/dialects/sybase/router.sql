-- stage
/* node:result */
SELECT
  *
INTO [_dataflow_df_c29d313e43_result]
FROM (
  SELECT
    [id],
    [note]
  FROM (
    SELECT
      [id] AS [id],
      [note] AS [note]
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [orders] /* node:orders */
      WHERE
        CASE WHEN [amount] > 100 THEN 1 WHEN [Order] IS NULL THEN 2 ELSE 0 END = 2
    ) AS [ways__odd] /* node:ways.odd */
  ) AS [odd] /* node:odd */
  UNION ALL
  SELECT
    [id],
    [note]
  FROM (
    SELECT
      [id] AS [id],
      [note] AS [note]
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM [raw].[orders]
      ) AS [orders] /* node:orders */
      WHERE
        CASE WHEN [amount] > 100 THEN 1 WHEN [Order] IS NULL THEN 2 ELSE 0 END = 0
    ) AS [ways__default] /* node:ways.default */
  ) AS [rest] /* node:rest */
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

