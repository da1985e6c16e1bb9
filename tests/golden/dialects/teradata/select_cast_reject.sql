-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
), "chosen__rejected" /* node:chosen.rejected */ AS (
  SELECT
    "orders".*,
    SUBSTR(
      CASE
        WHEN NOT "note" IS NULL
        AND CASE
          WHEN TRIM(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE)) <> ''
          THEN TRYCAST(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE) AS INT)
        END IS NULL
        THEN '; column `note` cannot be cast to INTEGER'
        ELSE ''
      END || CASE
        WHEN NOT "group" IS NULL
        AND CASE
          WHEN TRIM(CAST("group" AS VARCHAR(4000) CHARACTER SET UNICODE)) <> ''
          THEN TRYCAST(CAST("group" AS VARCHAR(4000) CHARACTER SET UNICODE) AS INT)
        END IS NULL
        THEN '; column `group` cannot be cast to INTEGER'
        ELSE ''
      END,
      3
    ) AS "_reject_reason"
  FROM "orders"
  WHERE
    CASE
      WHEN NOT "note" IS NULL
      AND CASE
        WHEN TRIM(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE)) <> ''
        THEN TRYCAST(CAST("note" AS VARCHAR(4000) CHARACTER SET UNICODE) AS INT)
      END IS NULL
      THEN 1
      WHEN NOT "group" IS NULL
      AND CASE
        WHEN TRIM(CAST("group" AS VARCHAR(4000) CHARACTER SET UNICODE)) <> ''
        THEN TRYCAST(CAST("group" AS VARCHAR(4000) CHARACTER SET UNICODE) AS INT)
      END IS NULL
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
FROM "bad"
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

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

