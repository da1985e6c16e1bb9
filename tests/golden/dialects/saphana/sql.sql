-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "RAW"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
), "joined" /* node:joined */ AS (
  SELECT
    "O"."id",
    "O"."Größe",
    "C"."Name" AS "NAME"
  FROM "orders" AS "O"
  JOIN "customers" AS "C"
    ON "C"."id" = "O"."id"
  WHERE
    "O"."amount" >= 5
)
/* node:result */
SELECT
  *
FROM "joined"
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

-- measure
WITH "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "RAW"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
)
SELECT
  COUNT(*) AS "rows"
FROM "customers";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

