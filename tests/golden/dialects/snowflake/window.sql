-- stage
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage
CREATE OR REPLACE TABLE "_dataflow"."df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "ranked" /* node:ranked */ AS (
  SELECT
    "id",
    "Order",
    "Größe",
    "group",
    "amount",
    "note",
    "at",
    SUM("amount") OVER (
      PARTITION BY "group"
      ORDER BY "at" DESC NULLS LAST, "id" ASC NULLS FIRST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "running",
    LAG("amount") OVER (PARTITION BY "group" ORDER BY "at" DESC NULLS LAST, "id" ASC NULLS FIRST) AS "before",
    ROW_NUMBER() OVER (PARTITION BY "group" ORDER BY "at" DESC NULLS LAST, "id" ASC NULLS FIRST) AS "n"
  FROM "orders"
)
/* node:result */
SELECT
  *
FROM "ranked";

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

