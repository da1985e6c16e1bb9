-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "chosen" /* node:chosen */ AS (
  SELECT
    "id",
    CASE
      WHEN CAST("note" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'
      THEN CASE
        WHEN CAST(CAST("note" AS NVARCHAR(5000)) AS DECIMAL(38, 0)) BETWEEN -2147483648 AND 2147483647
        THEN CAST(CAST("note" AS NVARCHAR(5000)) AS INT)
      END
    END AS "note"
  FROM "orders"
)
/* node:result */
SELECT
  *
FROM "chosen"
) WITH DATA;

-- measure
SELECT COUNT(*) FROM "_dataflow_df_c29d313e43_result";

-- measure
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
)
SELECT
  COUNT(*) AS "rows"
FROM "orders";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

