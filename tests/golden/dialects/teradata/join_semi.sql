-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "raw"."Kunden"
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
    "l"."at"
  FROM "orders" AS "l"
  WHERE
    EXISTS(
      SELECT
        1
      FROM "customers" AS "r"
      WHERE
        "l"."id" = "r"."id"
    )
)
/* node:result */
SELECT
  *
FROM "met"
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

-- measure
WITH "customers" /* node:customers */ AS (
  SELECT
    *
  FROM "raw"."Kunden"
  WHERE
    "id" > 5 AND "id" < 100
)
SELECT
  COUNT(*) AS "rows"
FROM "customers";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

