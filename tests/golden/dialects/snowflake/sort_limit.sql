-- stage
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage
CREATE OR REPLACE TABLE "_dataflow"."df_c29d313e43_result" AS
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
  LIMIT 3
)
/* node:result */
SELECT
  *
FROM "top";

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

