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
    CASE
      WHEN TRIM(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE)) <> ''
      THEN TRYCAST(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE) AS INT)
    END AS "note"
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

