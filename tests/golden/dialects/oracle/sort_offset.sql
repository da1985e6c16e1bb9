-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "page" /* node:page */ AS (
  SELECT
    *
  FROM "orders"
  ORDER BY
    "id" ASC
  OFFSET 2 ROWS
  FETCH FIRST 3 ROWS ONLY
)
/* node:result */
SELECT
  *
FROM "page";

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

