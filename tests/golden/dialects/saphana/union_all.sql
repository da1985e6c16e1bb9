-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "RAW"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
), "few" /* node:few */ AS (
  SELECT
    "id",
    "note"
  FROM "orders"
), "all" /* node:all */ AS (
  SELECT
    "id",
    "note",
    CAST(NULL AS NVARCHAR(40)) AS "Name"
  FROM "few"
  UNION ALL
  SELECT
    "id",
    NULL AS "note",
    "Name"
  FROM "customers"
)
/* node:result */
SELECT
  *
FROM "all"
) WITH DATA;

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

-- measure
WITH "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "RAW"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
)
SELECT
  COUNT(*) AS "rows"
FROM "customers";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

