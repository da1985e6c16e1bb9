-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
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
    COALESCE("l"."id", "r"."id") AS "id",
    "l"."Order",
    "l"."Größe",
    "l"."group",
    "l"."amount",
    "l"."note",
    "l"."at",
    "r"."Name"
  FROM "orders" "l"
  RIGHT JOIN "customers" "r"
    ON "l"."id" = "r"."id"
)
/* node:result */
SELECT
  *
FROM "met";

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

-- check
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
)
SELECT
  COUNT(*) AS "offenders"
FROM (
  SELECT
    "r"."id"
  FROM "customers" "r"
  WHERE
    EXISTS(
      SELECT
        1
      FROM "orders" "l"
      WHERE
        "l"."id" = "r"."id"
    )
  GROUP BY
    "r"."id"
  HAVING
    COUNT(*) > 1
) "d";

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result" PURGE;

