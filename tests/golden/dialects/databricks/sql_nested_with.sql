-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `part` AS (
  SELECT
    `id`,
    `note`
  FROM `orders` AS `orders`
  WHERE
    `id` > 1
), `first` /* node:first */ AS (
  SELECT
    `id`,
    `note`
  FROM `part`
), `part_1` AS (
  SELECT
    `id`,
    `note`
  FROM `orders` AS `orders`
  WHERE
    `id` > 1
), `second` /* node:second */ AS (
  SELECT
    `id`,
    `note`
  FROM `part_1` AS `part`
), `both` /* node:both */ AS (
  SELECT
    *
  FROM `first`
  UNION ALL
  SELECT
    *
  FROM `second`
)
/* node:result */
SELECT
  *
FROM `both`;

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

