-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "sums" /* node:sums */ AS (
  SELECT
    "group",
    "Größe",
    SUM("amount") AS "total",
    COUNT(*) AS "n"
  FROM "orders"
  GROUP BY
    "group",
    "Größe"
  HAVING
    COUNT(*) > 1
)
/* node:result */
SELECT
  *
FROM "sums"
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

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

