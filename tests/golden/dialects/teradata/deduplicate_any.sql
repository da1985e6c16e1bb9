-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
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
    ROW_NUMBER() OVER (PARTITION BY "group" ORDER BY "group") = 1
)
/* node:result */
SELECT
  *
FROM "one"
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

