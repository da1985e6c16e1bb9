-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "chosen" /* node:chosen */ AS (
  SELECT
    "id",
    "Größe" AS "Size",
    CAST("amount" AS INT) AS "whole"
  FROM "orders"
)
/* node:result */
SELECT
  *
FROM "chosen"
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

