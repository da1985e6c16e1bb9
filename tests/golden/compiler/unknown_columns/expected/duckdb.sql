-- pipeline unknown_columns: 3 stages

-- stage 1 of 3: both on dataflow_warehouse (duckdb)
--   nodes: a, b, wider, fewer, both
--   ends here (fan_out): `both` feeds the stages `out`, `mart`, so its rows are computed once.

-- stage both
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage both
CREATE OR REPLACE TABLE "_dataflow"."df_2e93738a96_both" AS
WITH "a" /* node:a */ AS (
  SELECT
    *
  FROM "shop"."a"
), "b" /* node:b */ AS (
  SELECT
    *
  FROM "shop"."b"
), "wider" /* node:wider */ AS (
  SELECT
    COLUMNS(LAMBDA "c" : NOT LOWER("c") IN ('v', 'w')),
    "v" * 2 AS "v",
    'manual__example' AS "w"
  FROM "a"
), "fewer" /* node:fewer */ AS (
  SELECT
    *
    EXCLUDE ("x")
    RENAME ("y" AS "z")
  FROM "b"
), "both" /* node:both */ AS (
  SELECT
    "l".*
    REPLACE (COALESCE("l"."k", "r"."k") AS "k"),
    "r".*
    EXCLUDE ("k")
  FROM "wider" AS "l"
  RIGHT JOIN "fewer" AS "r"
    ON "l"."k" = "r"."k"
)
SELECT
  *
FROM "both";

-- measure both: rows_out
SELECT COUNT(*) FROM "_dataflow"."df_2e93738a96_both";

-- measure a: rows_out
WITH "a" /* node:a */ AS (
  SELECT
    *
  FROM "shop"."a"
)
SELECT
  COUNT(*) AS "rows"
FROM "a";

-- measure b: rows_out
WITH "b" /* node:b */ AS (
  SELECT
    *
  FROM "shop"."b"
)
SELECT
  COUNT(*) AS "rows"
FROM "b";

-- stage 2 of 3: out on dataflow_warehouse (duckdb)
--   nodes: a, more, sampled, out
--   ends here (target): `out` is a target, and its rows are published in one step.
--   after: both

-- stage out
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage out
CREATE OR REPLACE TABLE "_dataflow"."df_cbd97edfbc_out" AS
WITH "a" /* node:a */ AS (
  SELECT
    *
  FROM "shop"."a"
), "more" /* node:more */ AS (
  SELECT
    *
  FROM "_dataflow"."df_2e93738a96_both"
  UNION BY NAME
  SELECT
    *
  FROM "a"
), "sampled" /* node:sampled */ AS (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM "more" AS "_df_row"
    ORDER BY
      HASH("_df_row", 7) NULLS FIRST
    LIMIT 100
  ) AS "s"
  ORDER BY
    "k" ASC NULLS FIRST
)
/* node:out */
SELECT
  *
FROM "sampled";

-- measure out: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_cbd97edfbc_out";

-- measure a: rows_out
WITH "a" /* node:a */ AS (
  SELECT
    *
  FROM "shop"."a"
)
SELECT
  COUNT(*) AS "rows"
FROM "a";

-- publish out
COPY (
  SELECT
    *
  FROM "_dataflow"."df_cbd97edfbc_out"
) TO 'out/rows.csv' (FORMAT CSV, HEADER TRUE, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '');

-- cleanup out
DROP TABLE IF EXISTS "_dataflow"."df_cbd97edfbc_out";

-- stage 3 of 3: mart on dataflow_warehouse (duckdb)
--   nodes: mart
--   ends here (target): `mart` is a target, and its rows are published in one step.
--   after: both

-- stage mart
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage mart
CREATE OR REPLACE TABLE "_dataflow"."df_bcb6bdd84e_mart" AS
/* node:mart */
SELECT
  *
FROM "_dataflow"."df_2e93738a96_both";

-- measure mart: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_bcb6bdd84e_mart";

-- cleanup mart
DROP TABLE IF EXISTS "_dataflow"."df_bcb6bdd84e_mart";

-- The publish names every column; they are looked up when the stage runs.
