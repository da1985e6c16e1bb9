-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `ranked` /* node:ranked */ AS (
  SELECT
    `id`,
    `Order`,
    `Größe`,
    `group`,
    `amount`,
    `note`,
    `at`,
    SUM(`amount`) OVER (
      PARTITION BY `group`
      ORDER BY `at` DESC, `id` ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS `running`,
    LAG(`amount`) OVER (PARTITION BY `group` ORDER BY `at` DESC, `id` ASC) AS `before`,
    ROW_NUMBER() OVER (PARTITION BY `group` ORDER BY `at` DESC, `id` ASC) AS `n`
  FROM `orders`
)
/* node:result */
SELECT
  *
FROM `ranked`;

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

