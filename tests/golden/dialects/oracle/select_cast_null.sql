-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "chosen" /* node:chosen */ AS (
  SELECT
    "id",
    CAST("note" AS NUMBER(10) DEFAULT NULL ON CONVERSION ERROR) AS "note"
  FROM "orders"
)
/* node:result */
SELECT
  *
FROM "chosen";

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

