-- stage
CREATE MULTISET TABLE "_dataflow_df_c29d313e43_result" AS (
SELECT * FROM (
WITH "orders" /* node:orders */ AS (
  SELECT
    *
  FROM "raw"."orders"
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
        CAST('Größe' AS VARCHAR(5) CHARACTER SET UNICODE) AS "which"
      FROM (
        SELECT
          1 AS "one"
      ) AS "d"
      UNION ALL
      SELECT
        CAST('note' AS VARCHAR(5) CHARACTER SET UNICODE) AS "which"
      FROM (
        SELECT
          1 AS "one"
      ) AS "d"
    ) AS "n"
  ) AS "u"
  WHERE
    NOT "text" IS NULL
)
/* node:result */
SELECT
  *
FROM "long"
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

