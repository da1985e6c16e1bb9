-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `chosen__rejected` /* node:chosen.rejected */ AS (
  SELECT
    *,
    CONCAT_WS(
      '; ',
      CASE
        WHEN NOT `note` IS NULL AND TRY_CAST(`note` AS INT) IS NULL
        THEN 'column `note` cannot be cast to INT'
      END,
      CASE
        WHEN NOT `group` IS NULL AND TRY_CAST(`group` AS INT) IS NULL
        THEN 'column `group` cannot be cast to INT'
      END
    ) AS `_reject_reason`
  FROM `orders`
  WHERE
    CASE
      WHEN NOT `note` IS NULL AND TRY_CAST(`note` AS INT) IS NULL
      THEN 1
      WHEN NOT `group` IS NULL AND TRY_CAST(`group` AS INT) IS NULL
      THEN 2
      ELSE 0
    END <> 0
), `bad` /* node:bad */ AS (
  SELECT
    *
  FROM `chosen__rejected`
  WHERE
    `id` > 0
)
/* node:result */
SELECT
  *
FROM `bad`;

-- measure
SELECT COUNT(*) FROM `_dataflow`.`df_c29d313e43_result`;

-- measure
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
)
SELECT
  COUNT(*) AS `rows`
FROM `orders`;

-- cleanup
DROP TABLE IF EXISTS `_dataflow`.`df_c29d313e43_result`;

