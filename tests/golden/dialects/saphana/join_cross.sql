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
), "met" /* node:met */ AS (
  SELECT
    "l"."id",
    "l"."Order",
    "l"."Größe",
    "l"."group",
    "l"."amount",
    "l"."note",
    "l"."at",
    "r"."id" AS "c_id",
    "r"."Name"
  FROM "orders" AS "l"
  CROSS JOIN "customers" AS "r"
)
/* node:result */
SELECT
  *
FROM "met"
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

