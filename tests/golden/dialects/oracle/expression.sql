-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "more" /* node:more */ AS (
  SELECT
    "id",
    "Order" || "note" AS "Order",
    "Größe",
    "group",
    "amount",
    "note",
    "at",
    "amount" * 2 AS "double"
  FROM "orders"
)
/* node:result */
SELECT
  *
FROM "more";

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

