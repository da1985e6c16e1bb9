-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `ways__odd` /* node:ways.odd */ AS (
  SELECT
    *
  FROM `orders`
  WHERE
    CASE WHEN `amount` > 100 THEN 1 WHEN `Order` IS NULL THEN 2 ELSE 0 END = 2
), `ways__default` /* node:ways.default */ AS (
  SELECT
    *
  FROM `orders`
  WHERE
    CASE WHEN `amount` > 100 THEN 1 WHEN `Order` IS NULL THEN 2 ELSE 0 END = 0
), `odd` /* node:odd */ AS (
  SELECT
    `id`,
    `note`
  FROM `ways__odd`
), `rest` /* node:rest */ AS (
  SELECT
    `id`,
    `note`
  FROM `ways__default`
), `both` /* node:both */ AS (
  SELECT
    `id`,
    `note`
  FROM `odd`
  UNION ALL
  SELECT
    `id`,
    `note`
  FROM `rest`
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

