-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `wide` /* node:wide */ AS (
  SELECT
    `id`,
    SUM(CASE WHEN `group` = 'Żółty' THEN `amount` END) AS `Żółty`,
    SUM(CASE WHEN `group` = 'b\'s' THEN `amount` END) AS `b's`
  FROM `orders`
  GROUP BY
    `id`
)
/* node:result */
SELECT
  *
FROM `wide`;

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

