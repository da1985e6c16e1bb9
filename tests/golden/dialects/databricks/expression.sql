-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `more` /* node:more */ AS (
  SELECT
    `id`,
    `Order` || `note` AS `Order`,
    `Größe`,
    `group`,
    `amount`,
    `note`,
    `at`,
    `amount` * 2 AS `double`
  FROM `orders`
)
/* node:result */
SELECT
  *
FROM `more`;

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

