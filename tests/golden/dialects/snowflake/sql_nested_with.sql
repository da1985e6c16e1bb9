-- stage
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage
CREATE OR REPLACE TABLE "_dataflow"."df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "first" /* node:first */ AS (
  WITH "PART" AS (
    SELECT
      "id",
      "note"
    FROM "orders" AS "ORDERS"
    WHERE
      "id" > 1
  )
  SELECT
    "id",
    "note"
  FROM "PART"
), "second" /* node:second */ AS (
  WITH "PART" AS (
    SELECT
      "id",
      "note"
    FROM "orders" AS "ORDERS"
    WHERE
      "id" > 1
  )
  SELECT
    "id",
    "note"
  FROM "PART"
), "both" /* node:both */ AS (
  SELECT
    *
  FROM "first"
  UNION ALL
  SELECT
    *
  FROM "second"
)
/* node:result */
SELECT
  *
FROM "both";

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

