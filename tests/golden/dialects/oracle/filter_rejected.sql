-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "kept__rejected" /* node:kept.rejected */ AS (
  SELECT
    *
  FROM "orders"
  WHERE
    CASE WHEN "amount" > 0 THEN 1 ELSE 0 END = 0
), "rest" /* node:rest */ AS (
  SELECT
    "id",
    "Größe"
  FROM "kept__rejected"
)
/* node:result */
SELECT
  *
FROM "rest";

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

