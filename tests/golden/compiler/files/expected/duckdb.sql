-- pipeline files: 3 stages

-- stage 1 of 3: calls on dataflow_warehouse (duckdb)
--   nodes: calls
--   ends here (fan_out): `calls` feeds the stages `report`, `bad`, so its rows are computed once.
--   calls: id INTEGER, day DATE, seconds INTEGER
--   calls.rejected: file VARCHAR, line BIGINT, byte_offset BIGINT, raw VARCHAR, reason VARCHAR

-- read calls
DROP TABLE IF EXISTS "df_385647041b_calls_rejects";

-- read calls
DROP TABLE IF EXISTS "df_5c7e1d23c8_calls_scans";

-- read calls
CREATE OR REPLACE TEMPORARY TABLE "df_ab467d3188_calls_raw" AS
SELECT
  *
FROM READ_CSV(
  ['data/calls.csv'],
  delim = ';',
  quote = '"',
  escape = '"',
  header = TRUE,
  nullstr = 'NA',
  skip = 0,
  store_rejects = TRUE,
  rejects_table = 'df_385647041b_calls_rejects',
  rejects_scan = 'df_5c7e1d23c8_calls_scans',
  auto_detect = FALSE,
  columns = {'id': 'INTEGER', 'day': 'DATE', 'seconds': 'INTEGER'}
);

-- stage calls
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage calls
CREATE OR REPLACE TABLE "_dataflow"."df_092c84a9be_calls" AS
WITH "calls" /* node:calls */ AS (
  SELECT
    *
  FROM "df_ab467d3188_calls_raw"
)
SELECT
  *
FROM "calls";

-- stage calls.rejected
CREATE OR REPLACE TABLE "_dataflow"."df_33e365db8f_calls_rejected" AS
WITH "calls__rejected" /* node:calls.rejected */ AS (
  SELECT
    "s"."file_path" AS "file",
    CAST("e"."line" AS BIGINT) AS "line",
    CAST(MIN("e"."line_byte_position") - 1 AS BIGINT) AS "byte_offset",
    ANY_VALUE("e"."csv_line") AS "raw",
    STRING_AGG(DISTINCT "e"."error_message", '; ') AS "reason"
  FROM "df_385647041b_calls_rejects" AS "e"
  JOIN "df_5c7e1d23c8_calls_scans" AS "s"
    ON "s"."scan_id" = "e"."scan_id" AND "s"."file_id" = "e"."file_id"
  GROUP BY
    "s"."file_path",
    "e"."line"
)
SELECT
  *
FROM "calls__rejected";

-- measure calls: rows_out
SELECT COUNT(*) FROM "_dataflow"."df_092c84a9be_calls";

-- measure calls.rejected: rows_rejected
SELECT COUNT(*) FROM "_dataflow"."df_33e365db8f_calls_rejected";

-- stage 2 of 3: report on dataflow_warehouse (duckdb)
--   nodes: long_calls, per_day, in_order, report
--   ends here (target): `report` is a target, and its rows are published in one step.
--   after: calls

-- stage report
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage report
CREATE OR REPLACE TABLE "_dataflow"."df_93787342c3_report" AS
WITH "long_calls" /* node:long_calls */ AS (
  SELECT
    *
  FROM "_dataflow"."df_092c84a9be_calls"
  WHERE
    "seconds" > 60
), "per_day" /* node:per_day */ AS (
  SELECT
    "day",
    SUM("seconds") AS "seconds"
  FROM "long_calls"
  GROUP BY
    "day"
), "in_order" /* node:in_order */ AS (
  SELECT
    *
  FROM "per_day"
  ORDER BY
    "day" DESC
)
/* node:report */
SELECT
  *
FROM "in_order";

-- measure report: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_93787342c3_report";

-- publish report
COPY (
  SELECT
    *
  FROM "_dataflow"."df_93787342c3_report"
) TO 'out/report.csv' (FORMAT CSV, HEADER TRUE, DELIMITER '|', QUOTE '"', ESCAPE '"', NULLSTR '', DATEFORMAT '%d.%m.%Y');

-- cleanup report
DROP TABLE IF EXISTS "_dataflow"."df_93787342c3_report";

-- stage 3 of 3: bad on dataflow_warehouse (duckdb)
--   nodes: bad_lines, bad
--   ends here (target): `bad` is a target, and its rows are published in one step.
--   after: calls

-- stage bad
CREATE SCHEMA IF NOT EXISTS "_dataflow";

-- stage bad
CREATE OR REPLACE TABLE "_dataflow"."df_b3786ef406_bad" AS
WITH "bad_lines" /* node:bad_lines */ AS (
  SELECT
    "line",
    "raw",
    "reason"
  FROM "_dataflow"."df_33e365db8f_calls_rejected"
)
/* node:bad */
SELECT
  *
FROM "bad_lines";

-- measure bad: rows_in
SELECT COUNT(*) FROM "_dataflow"."df_b3786ef406_bad";

-- publish bad
CREATE SCHEMA IF NOT EXISTS "mart";

-- publish bad
CREATE TABLE IF NOT EXISTS "mart"."bad" AS SELECT s.* FROM (SELECT * FROM "_dataflow"."df_b3786ef406_bad") s WHERE 1 = 0;

-- publish bad
DELETE FROM "mart"."bad";

-- publish bad
INSERT INTO "mart"."bad" ("line", "raw", "reason")
SELECT "line", "raw", "reason" FROM "_dataflow"."df_b3786ef406_bad";

-- cleanup bad
DROP TABLE IF EXISTS "_dataflow"."df_b3786ef406_bad";
