-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `customers` /* node:customers */ AS (
  SELECT
    *
  FROM `raw`.`Kunden`
  WHERE
    `id` > 5 AND `id` < 100
), `joined` /* node:joined */ AS (
  SELECT
    `o`.`id`,
    `o`.`Größe`,
    `c`.`Name` AS `name`
  FROM `orders` AS `o`
  JOIN `customers` AS `c`
    ON `c`.`id` = `o`.`id`
  WHERE
    `o`.`amount` >= 5
)
/* node:result */
SELECT
  *
FROM `joined`;

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

-- measure
WITH `customers` /* node:customers */ AS (
  SELECT
    *
  FROM `raw`.`Kunden`
  WHERE
    `id` > 5 AND `id` < 100
)
SELECT
  COUNT(*) AS `rows`
FROM `customers`;

-- cleanup
DROP TABLE IF EXISTS `_dataflow`.`df_c29d313e43_result`;

