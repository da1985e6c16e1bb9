-- pipeline ports: 5 stages

-- stage 1 of 5: shaped on dataflow_warehouse (duckdb)
--   nodes: events, shaped
--   ends here (fan_out): `shaped` feeds the stages `sorted_out`, `refused`, so its rows are computed once.
--   keeps events (several_outputs): 2 outputs are made of its rows, which are computed once.
--   shaped: kind ?, amount DECIMAL(10,2)
--   shaped.rejected: kind ?, value ?, _reject_reason VARCHAR

-- stage shaped
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage events
CREATE OR REPLACE TEMPORARY TABLE "df_66a685d5c7_events" AS
WITH "events" /* node:events */ AS (
  SELECT
    "kind",
    "value"
  FROM "shop"."events"
  WHERE
    NOT "kind" IS NULL
)
SELECT
  *
FROM "events";

-- stage shaped
CREATE OR REPLACE TABLE "_dataflow"."df_6d4172362d_shaped" AS
WITH "events" /* node:events */ AS (
  SELECT
    *
  FROM "df_66a685d5c7_events"
), "shaped" /* node:shaped */ AS (
  SELECT
    "kind",
    TRY_CAST("value" AS DECIMAL(10, 2)) AS "amount"
  FROM "events"
  WHERE
    CASE
      WHEN NOT "value" IS NULL AND TRY_CAST("value" AS DECIMAL(10, 2)) IS NULL
      THEN 1
      ELSE 0
    END = 0
)
SELECT
  *
FROM "shaped";

-- stage shaped.rejected
CREATE OR REPLACE TABLE "_dataflow"."df_4dab1f7189_shaped_rejected" AS
WITH "events" /* node:events */ AS (
  SELECT
    *
  FROM "df_66a685d5c7_events"
), "shaped__rejected" /* node:shaped.rejected */ AS (
  SELECT
    *,
    CONCAT_WS(
      '; ',
      CASE
        WHEN NOT "value" IS NULL AND TRY_CAST("value" AS DECIMAL(10, 2)) IS NULL
        THEN 'column `value` cannot be cast to DECIMAL(10, 2)'
      END
    ) AS "_reject_reason"
  FROM "events"
  WHERE
    CASE
      WHEN NOT "value" IS NULL AND TRY_CAST("value" AS DECIMAL(10, 2)) IS NULL
      THEN 1
      ELSE 0
    END <> 0
)
SELECT
  *
FROM "shaped__rejected";

-- measure shaped: rows_out
SELECT COUNT(*) FROM "_dataflow"."df_6d4172362d_shaped";

-- measure shaped.rejected: rows_rejected
SELECT COUNT(*) FROM "_dataflow"."df_4dab1f7189_shaped_rejected";

-- measure events: rows_out
WITH "events" /* node:events */ AS (
  SELECT
    *
  FROM "df_66a685d5c7_events"
)
SELECT
  COUNT(*) AS "rows"
FROM "events";

-- stage 2 of 5: sorted_out on dataflow_warehouse (duckdb)
--   nodes: sorted_out
--   ends here (fan_out): `sorted_out` feeds the stages `big`, `rest`, so its rows are computed once.
--   after: shaped
--   sorted_out.big: kind ?, amount DECIMAL(10,2)
--   sorted_out.rest: kind ?, amount DECIMAL(10,2)

-- stage sorted_out
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage sorted_out.big
CREATE OR REPLACE TABLE "_dataflow"."df_28d6114532_sorted_out_big" AS
WITH "sorted_out__big" /* node:sorted_out.big */ AS (
  SELECT
    *
  FROM "_dataflow"."df_6d4172362d_shaped"
  WHERE
    CASE WHEN "amount" >= 100 THEN 1 WHEN "amount" < 100 THEN 2 ELSE 0 END = 1
)
SELECT
  *
FROM "sorted_out__big";

-- stage sorted_out.rest
CREATE OR REPLACE TABLE "_dataflow"."df_6287adb89c_sorted_out_rest" AS
WITH "sorted_out__rest" /* node:sorted_out.rest */ AS (
  SELECT
    *
  FROM "_dataflow"."df_6d4172362d_shaped"
  WHERE
    CASE WHEN "amount" >= 100 THEN 1 WHEN "amount" < 100 THEN 2 ELSE 0 END = 0
)
SELECT
  *
FROM "sorted_out__rest";

-- measure sorted_out.big: rows_out
SELECT COUNT(*) FROM "_dataflow"."df_28d6114532_sorted_out_big";

-- measure sorted_out.rest: rows_out
SELECT COUNT(*) FROM "_dataflow"."df_6287adb89c_sorted_out_rest";

-- stage 3 of 5: big on dataflow_warehouse (duckdb)
--   nodes: big
--   ends here (target): `big` is a target, and its rows are published in one step.
--   after: sorted_out

-- stage big
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage big
CREATE OR REPLACE TABLE "_dataflow"."df_1959a27f92_big" AS
/* node:big */
SELECT
  *
FROM "_dataflow"."df_28d6114532_sorted_out_big";

-- measure big: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_1959a27f92_big";

-- publish big
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish big
CREATE TABLE IF NOT EXISTS "mart"."big" AS SELECT s.*, CAST(NULL AS VARCHAR) AS "_run_id" FROM (SELECT * FROM "_dataflow"."df_1959a27f92_big") s WHERE 1 = 0;

-- publish big
DELETE FROM "mart"."big" WHERE "_run_id" = 'manual__example/w/ports/big';

-- publish big
INSERT INTO "mart"."big" ("kind", "amount", "_run_id")
SELECT "kind", "amount", 'manual__example/w/ports/big' AS "_run_id" FROM "_dataflow"."df_1959a27f92_big";

-- cleanup big
DROP TABLE IF EXISTS "_dataflow"."df_1959a27f92_big";

-- stage 4 of 5: rest on dataflow_warehouse (duckdb)
--   nodes: rest
--   ends here (target): `rest` is a target, and its rows are published in one step.
--   after: sorted_out

-- stage rest
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage rest
CREATE OR REPLACE TABLE "_dataflow"."df_681f463414_rest" AS
/* node:rest */
SELECT
  *
FROM "_dataflow"."df_6287adb89c_sorted_out_rest";

-- measure rest: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_681f463414_rest";

-- publish rest
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish rest
CREATE TABLE IF NOT EXISTS "mart"."rest" AS SELECT s.*, CAST(NULL AS VARCHAR) AS "_run_id" FROM (SELECT * FROM "_dataflow"."df_681f463414_rest") s WHERE 1 = 0;

-- publish rest
DELETE FROM "mart"."rest" WHERE "_run_id" = 'manual__example/w/ports/rest';

-- publish rest
INSERT INTO "mart"."rest" ("kind", "amount", "_run_id")
SELECT "kind", "amount", 'manual__example/w/ports/rest' AS "_run_id" FROM "_dataflow"."df_681f463414_rest";

-- cleanup rest
DROP TABLE IF EXISTS "_dataflow"."df_681f463414_rest";

-- stage 5 of 5: refused on dataflow_warehouse (duckdb)
--   nodes: again, refused
--   ends here (target): `refused` is a target, and its rows are published in one step.
--   after: shaped

-- stage refused
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage refused
CREATE OR REPLACE TABLE "_dataflow"."df_2aa2eb6e63_refused" AS
WITH "again" /* node:again */ AS (
  SELECT
    "kind",
    "value",
    "_reject_reason"
  FROM "_dataflow"."df_4dab1f7189_shaped_rejected"
)
/* node:refused */
SELECT
  *
FROM "again";

-- measure refused: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_2aa2eb6e63_refused";

-- publish refused
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish refused
CREATE TABLE IF NOT EXISTS "mart"."refused" AS SELECT s.* FROM (SELECT * FROM "_dataflow"."df_2aa2eb6e63_refused") s WHERE 1 = 0;

-- publish refused
DELETE FROM "mart"."refused";

-- publish refused
INSERT INTO "mart"."refused" ("kind", "value", "_reject_reason")
SELECT "kind", "value", "_reject_reason" FROM "_dataflow"."df_2aa2eb6e63_refused";

-- cleanup refused
DROP TABLE IF EXISTS "_dataflow"."df_2aa2eb6e63_refused";
