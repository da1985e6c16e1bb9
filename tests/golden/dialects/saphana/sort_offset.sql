-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "page" /* node:page */ AS (
  SELECT
    *
  FROM "orders"
  ORDER BY
    "id" ASC NULLS LAST
  LIMIT 3
  OFFSET 2
)
/* node:result */
SELECT
  *
FROM "page"
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

