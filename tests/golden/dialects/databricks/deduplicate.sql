-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `one` /* node:one */ AS (
  SELECT
    `id`,
    `Order`,
    `Größe`,
    `group`,
    `amount`,
    `note`,
    `at`
  FROM (
    SELECT
      `id`,
      `Order`,
      `Größe`,
      `group`,
      `amount`,
      `note`,
      `at`,
      ROW_NUMBER() OVER (PARTITION BY `group`, `Order` ORDER BY `at` DESC, `id` ASC NULLS LAST) AS `_df_rank`
    FROM `orders`
  ) AS `q`
  WHERE
    `_df_rank` = 1
)
/* node:result */
SELECT
  *
FROM `one`;

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

