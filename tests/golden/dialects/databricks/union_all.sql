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
), `few` /* node:few */ AS (
  SELECT
    `id`,
    `note`
  FROM `orders`
), `all` /* node:all */ AS (
  SELECT
    `id`,
    `note`,
    CAST(NULL AS STRING) AS `Name`
  FROM `few`
  UNION ALL
  SELECT
    `id`,
    NULL AS `note`,
    `Name`
  FROM `customers`
)
/* node:result */
SELECT
  *
FROM `all`;

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

