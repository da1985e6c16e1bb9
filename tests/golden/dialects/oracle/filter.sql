-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "kept" /* node:kept */ AS (
  SELECT
    *
  FROM "orders"
  WHERE
    "Order" <> 'x'
)
/* node:result */
SELECT
  *
FROM "kept";

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
DROP TABLE "_dataflow_df_c29d313e43_result" PURGE;

