-- stage
CREATE TABLE "_dataflow_df_c29d313e43_result" AS
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "chosen__rejected" /* node:chosen.rejected */ AS (
  SELECT
    "orders".*,
    SUBSTR(
      CASE
        WHEN NOT "note" IS NULL
        AND CAST("note" AS NUMBER(10) DEFAULT NULL ON CONVERSION ERROR) IS NULL
        THEN '; column `note` cannot be cast to NUMBER(10)'
        ELSE ''
      END || CASE
        WHEN NOT "group" IS NULL
        AND CAST("group" AS NUMBER(10) DEFAULT NULL ON CONVERSION ERROR) IS NULL
        THEN '; column `group` cannot be cast to NUMBER(10)'
        ELSE ''
      END,
      3
    ) AS "_reject_reason"
  FROM "orders"
  WHERE
    CASE
      WHEN NOT "note" IS NULL
      AND CAST("note" AS NUMBER(10) DEFAULT NULL ON CONVERSION ERROR) IS NULL
      THEN 1
      WHEN NOT "group" IS NULL
      AND CAST("group" AS NUMBER(10) DEFAULT NULL ON CONVERSION ERROR) IS NULL
      THEN 2
      ELSE 0
    END <> 0
), "bad" /* node:bad */ AS (
  SELECT
    *
  FROM "chosen__rejected"
  WHERE
    "id" > 0
)
/* node:result */
SELECT
  *
FROM "bad";

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
DROP TABLE "_dataflow_df_c29d313e43_result" PURGE;

