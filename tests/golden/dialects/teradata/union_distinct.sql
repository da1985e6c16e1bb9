-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "raw"."Kunden"
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
    CAST(NULL AS VARCHAR(40)) AS "Name"
  FROM "few"
  UNION
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
) q
) WITH DATA NO PRIMARY INDEX;

-- measure
SELECT COUNT(*) FROM "_dataflow_df_c29d313e43_result";

-- measure
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
)
SELECT
  COUNT(*) AS "rows"
FROM "orders";

-- measure
WITH "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "raw"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
)
SELECT
  COUNT(*) AS "rows"
FROM "customers";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

