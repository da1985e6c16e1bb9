-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "wide" /* node:wide */ AS (
  SELECT
    "id",
    SUM(CASE WHEN "group" = 'Żółty' THEN "amount" END) AS "Żółty",
    SUM(CASE WHEN "group" = 'b''s' THEN "amount" END) AS "b's"
  FROM "orders"
  GROUP BY
    "id"
)
/* node:result */
SELECT
  *
FROM "wide"
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

