-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
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
        AND CASE
          WHEN CAST("note" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'
          THEN CASE
            WHEN CAST(CAST("note" AS NVARCHAR(5000)) AS DECIMAL(38, 0)) BETWEEN -2147483648 AND 2147483647
            THEN CAST(CAST("note" AS NVARCHAR(5000)) AS INT)
          END
        END IS NULL
        THEN '; column `note` cannot be cast to INTEGER'
        ELSE ''
      END || CASE
        WHEN NOT "group" IS NULL
        AND CASE
          WHEN CAST("group" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'
          THEN CASE
            WHEN CAST(CAST("group" AS NVARCHAR(5000)) AS DECIMAL(38, 0)) BETWEEN -2147483648 AND 2147483647
            THEN CAST(CAST("group" AS NVARCHAR(5000)) AS INT)
          END
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
        WHEN CAST("note" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'
        THEN CASE
          WHEN CAST(CAST("note" AS NVARCHAR(5000)) AS DECIMAL(38, 0)) BETWEEN -2147483648 AND 2147483647
          THEN CAST(CAST("note" AS NVARCHAR(5000)) AS INT)
        END
      END IS NULL
      THEN 1
      WHEN NOT "group" IS NULL
      AND CASE
        WHEN CAST("group" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'
        THEN CASE
          WHEN CAST(CAST("group" AS NVARCHAR(5000)) AS DECIMAL(38, 0)) BETWEEN -2147483648 AND 2147483647
          THEN CAST(CAST("group" AS NVARCHAR(5000)) AS INT)
        END
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

-- cleanup
DROP TABLE "_dataflow_df_c29d313e43_result";

