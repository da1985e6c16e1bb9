-- stage
CREATE COLUMN TABLE "_dataflow_df_c29d313e43_result" AS (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "RAW"."ORDERS"
), "long" /* node:long */ AS (
  SELECT
    *
  FROM (
    SELECT
      "l"."id",
      "n"."which",
      CASE "n"."which" WHEN 'Größe' THEN "l"."Größe" WHEN 'note' THEN "l"."note" END AS "text"
    FROM "orders" AS "l"
    CROSS JOIN (
      SELECT
        'Größe' AS "which"
      FROM "DUMMY"
      UNION ALL
      SELECT
        'note' AS "which"
      FROM "DUMMY"
    ) AS "n"
  ) AS "u"
  WHERE
    NOT "text" IS NULL
)
/* node:result */
SELECT
  *
FROM "long"
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

