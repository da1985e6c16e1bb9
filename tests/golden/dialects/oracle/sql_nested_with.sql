-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "PART" AS (
  SELECT
    "id",
    "note"
  FROM "orders" "ORDERS"
  WHERE
    "id" > 1
), "first" /* node:first */ AS (
  SELECT
    "id",
    "note"
  FROM "PART"
), "PART_1" AS (
  SELECT
    "id",
    "note"
  FROM "orders" "ORDERS"
  WHERE
    "id" > 1
), "second" /* node:second */ AS (
  SELECT
    "id",
    "note"
  FROM "PART_1" "PART"
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

