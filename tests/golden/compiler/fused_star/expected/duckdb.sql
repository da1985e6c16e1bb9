-- pipeline fused_star: 1 stage

-- stage 1 of 1: mart on dataflow_warehouse (duckdb)
--   nodes: orders, customers, paid, named, totals, marked, mart
--   ends here (target): `mart` is a target, and its rows are published in one step.

-- stage mart
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage mart
CREATE OR REPLACE TABLE "_dataflow"."df_e5ea7e6786_mart" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    "id",
    "customer_id",
    "amount",
    "order"
  FROM "shop"."orders"
), "customers" /* node:customers */ AS (
  SELECT
    "customer_id",
    "Name"
  FROM "shop"."customers"
), "paid" /* node:paid */ AS (
  SELECT
    *
  FROM "orders"
  WHERE
    "amount" >= 1
), "named" /* node:named */ AS (
  SELECT
    "l"."id",
    COALESCE("l"."customer_id", "r"."customer_id") AS "customer_id",
    "l"."amount",
    "l"."order",
    "r"."Name"
  FROM "paid" AS "l"
  FULL JOIN "customers" AS "r"
    ON "l"."customer_id" = "r"."customer_id"
), "totals" /* node:totals */ AS (
  SELECT
    "customer_id",
    "Name",
    SUM("amount") AS "amount",
    COUNT("id") AS "orders"
  FROM "named"
  GROUP BY
    "customer_id",
    "Name"
), "marked" /* node:marked */ AS (
  SELECT
    "customer_id",
    COALESCE("Name", '?') AS "Name",
    "amount",
    "orders",
    CAST('2026-01-02 00:00:00' AS TIMESTAMP) AS "loaded_until"
  FROM "totals"
)
/* node:mart */
SELECT
  *
FROM "marked";

-- measure mart: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_e5ea7e6786_mart";

-- measure orders: rows_out
WITH "orders" /* node:orders */ AS (
  SELECT
    "id",
    "customer_id",
    "amount",
    "order"
  FROM "shop"."orders"
)
SELECT
  COUNT(*) AS "rows"
FROM "orders";

-- measure customers: rows_out
WITH "customers" /* node:customers */ AS (
  SELECT
    "customer_id",
    "Name"
  FROM "shop"."customers"
)
SELECT
  COUNT(*) AS "rows"
FROM "customers";

-- check named: `named` expects `many_to_one`, but {rows} keys meet more than one right row
WITH "orders" /* node:orders */ AS (
  SELECT
    "id",
    "customer_id",
    "amount",
    "order"
  FROM "shop"."orders"
), "customers" /* node:customers */ AS (
  SELECT
    "customer_id",
    "Name"
  FROM "shop"."customers"
), "paid" /* node:paid */ AS (
  SELECT
    *
  FROM "orders"
  WHERE
    "amount" >= 1
)
SELECT
  COUNT(*) AS "offenders"
FROM (
  SELECT
    "r"."customer_id"
  FROM "customers" AS "r"
  WHERE
    EXISTS(
      SELECT
        1
      FROM "paid" AS "l"
      WHERE
        "l"."customer_id" = "r"."customer_id"
    )
  GROUP BY
    "r"."customer_id"
  HAVING
    COUNT(*) > 1
) AS "d";

-- check mart: {rows} rows for `mart.totals` have NULL in the keys `customer_id`; a key must have a value: filter those rows out or choose other keys
SELECT COUNT(*) FROM "_dataflow"."df_e5ea7e6786_mart" WHERE "customer_id" IS NULL;

-- check mart: {rows} rows for `mart.totals` share a key (`customer_id`) with another row; deduplicate them first or say which one wins with `write.dedupe.order_by`
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "_dataflow"."df_e5ea7e6786_mart" GROUP BY "customer_id" HAVING COUNT(*) > 1) duplicates;

-- publish mart
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish mart
CREATE TABLE IF NOT EXISTS "mart"."totals" AS SELECT s.* FROM (SELECT * FROM "_dataflow"."df_e5ea7e6786_mart") s WHERE 1 = 0;

-- hook mart
DELETE FROM shop.log WHERE "at" < CAST('2026-01-01 00:00:00' AS TIMESTAMP);

-- publish mart
MERGE INTO "mart"."totals" AS t USING (
SELECT "customer_id", "Name", "amount", "orders", "loaded_until" FROM "_dataflow"."df_e5ea7e6786_mart"
) AS s ON (t."customer_id" = s."customer_id")
WHEN MATCHED THEN UPDATE SET "Name" = s."Name", "amount" = s."amount", "orders" = s."orders", "loaded_until" = s."loaded_until"
WHEN NOT MATCHED THEN INSERT ("customer_id", "Name", "amount", "orders", "loaded_until") VALUES (s."customer_id", s."Name", s."amount", s."orders", s."loaded_until");

-- hook mart
INSERT INTO shop.log VALUES (CAST('2026-01-02 00:00:00' AS TIMESTAMP), ':interval_end');

-- cleanup mart
DROP TABLE IF EXISTS "_dataflow"."df_e5ea7e6786_mart";
