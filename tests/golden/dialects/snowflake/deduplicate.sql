-- stage
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage
CREATE OR REPLACE TABLE "_dataflow"."df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "one" /* node:one */ AS (
  SELECT
    "id",
    "Order",
    "Größe",
    "group",
    "amount",
    "note",
    "at"
  FROM "orders"
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY "group", "Order" ORDER BY "at" DESC NULLS LAST, "id" ASC) = 1
)
/* node:result */
SELECT
  *
FROM "one";

-- measure
SELECT COUNT(*) FROM "_dataflow"."df_c29d313e43_result";

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
DROP TABLE IF EXISTS "_dataflow"."df_c29d313e43_result";

