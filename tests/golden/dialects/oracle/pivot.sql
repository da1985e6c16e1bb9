-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
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
FROM "wide";

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

