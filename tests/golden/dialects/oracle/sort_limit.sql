-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "top" /* node:top */ AS (
  SELECT
    *
  FROM "orders"
  ORDER BY
    "amount" DESC NULLS LAST,
    "id" ASC
  FETCH FIRST 3 ROWS ONLY
)
/* node:result */
SELECT
  *
FROM "top";

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

