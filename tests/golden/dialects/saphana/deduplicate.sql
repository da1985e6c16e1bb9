-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
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
      ROW_NUMBER() OVER (PARTITION BY "group", "Order" ORDER BY "at" DESC, "id" ASC NULLS LAST) AS "_df_rank"
    FROM "orders"
  ) AS "q"
  WHERE
    "_df_rank" = 1
)
/* node:result */
SELECT
  *
FROM "one"
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

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

