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
), `met` /* node:met */ AS (
  SELECT
    `l`.`id`,
    `l`.`Order`,
    `l`.`Größe`,
    `l`.`group`,
    `l`.`amount`,
    `l`.`note`,
    `l`.`at`
  FROM `orders` AS `l`
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM `customers` AS `r`
      WHERE
        `l`.`id` = `r`.`id`
    )
)
/* node:result */
SELECT
  *
FROM `met`;

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

