-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "sums" /* node:sums */ AS (
  SELECT
    "group",
    "Größe",
    SUM("amount") AS "total",
    COUNT(*) AS "n"
  FROM "orders"
  GROUP BY
    "group",
    "Größe"
  HAVING
    COUNT(*) > 1
)
/* node:result */
SELECT
  *
FROM "sums"
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

