-- pipeline windows: 1 stage

-- stage 1 of 1: mart on dataflow_warehouse (duckdb)
--   nodes: days, latest, running, wide, padding, together, tall, mart
--   ends here (target): `mart` is a target, and its rows are published in one step.

-- stage mart
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage mart
CREATE OR REPLACE TABLE "_dataflow"."df_bb502eea46_mart" AS
WITH "days" /* node:days */ AS (
  SELECT
    "cell",
    "day",
    "kind",
    "amount"
  FROM "shop"."days"
), "latest" /* node:latest */ AS MATERIALIZED (
  SELECT
    "cell",
    "day",
    "kind",
    "amount"
  FROM "days"
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY "cell", "day", "kind" ORDER BY "amount" DESC) = 1
), "running" /* node:running */ AS (
  SELECT
    "cell",
    "day",
    "kind",
    "amount",
    SUM("amount") OVER (
      PARTITION BY "cell", "kind"
      ORDER BY "day" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "total",
    ROW_NUMBER() OVER (PARTITION BY "cell", "kind" ORDER BY "day" ASC) AS "position"
  FROM "latest"
), "wide" /* node:wide */ AS (
  SELECT
    "cell",
    "day",
    MAX(CASE WHEN "kind" = 'voice' THEN "total" END) AS "voice",
    MAX(CASE WHEN "kind" = 'data' THEN "total" END) AS "data"
  FROM "running"
  GROUP BY
    "cell",
    "day"
), "padding" /* node:padding */ AS (
  SELECT
    '?' AS "cell",
    CAST(COUNT(*) AS INT128) AS "voice"
  FROM "latest" AS "latest"
), "together" /* node:together */ AS (
  SELECT
    "cell",
    "day",
    "voice",
    "data"
  FROM "wide"
  UNION ALL
  SELECT
    "cell",
    NULL AS "day",
    "voice",
    NULL AS "data"
  FROM "padding"
), "tall" /* node:tall */ AS (
  SELECT
    *
  FROM (
    SELECT
      "l"."cell",
      "l"."day",
      "n"."kind",
      CASE "n"."kind" WHEN 'voice' THEN "l"."voice" WHEN 'data' THEN "l"."data" END AS "total"
    FROM "together" AS "l"
    CROSS JOIN (
      SELECT
        'voice' AS "kind"
      UNION ALL
      SELECT
        'data' AS "kind"
    ) AS "n"
  ) AS "u"
  WHERE
    NOT "total" IS NULL
)
/* node:mart */
SELECT
  *
FROM "tall";

-- measure mart: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_bb502eea46_mart";

-- measure days: rows_out
WITH "days" /* node:days */ AS (
  SELECT
    "cell",
    "day",
    "kind",
    "amount"
  FROM "shop"."days"
)
SELECT
  COUNT(*) AS "rows"
FROM "days";

-- publish mart
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish mart
CREATE TABLE IF NOT EXISTS "mart"."tall" AS SELECT s.* FROM (SELECT * FROM "_dataflow"."df_bb502eea46_mart") s WHERE 1 = 0;

-- publish mart
DELETE FROM "mart"."tall";

-- publish mart
INSERT INTO "mart"."tall" ("cell", "day", "kind", "total")
SELECT "cell", "day", "kind", "total" FROM "_dataflow"."df_bb502eea46_mart";

-- cleanup mart
DROP TABLE IF EXISTS "_dataflow"."df_bb502eea46_mart";
