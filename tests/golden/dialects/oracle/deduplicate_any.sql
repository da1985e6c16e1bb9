-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "one" /* node:one */ AS (
  SELECT
    "id",
    "Order",
    "Größe",
    "group",
    "amount",
    "note",
    "at"
  FROM (
    SELECT
      "id",
      "Order",
      "Größe",
      "group",
      "amount",
      "note",
      "at",
      ROW_NUMBER() OVER (PARTITION BY "group" ORDER BY "group" NULLS FIRST) AS "_df_rank"
    FROM "orders"
  ) "q"
  WHERE
    "_df_rank" = 1
)
/* node:result */
SELECT
  *
FROM "one";

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

