-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `kept__rejected` /* node:kept.rejected */ AS (
  SELECT
    *
  FROM `orders`
  WHERE
    CASE WHEN `amount` > 0 THEN 1 ELSE 0 END = 0
), `rest` /* node:rest */ AS (
  SELECT
    `id`,
    `Größe`
  FROM `kept__rejected`
)
/* node:result */
SELECT
  *
FROM `rest`;

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

