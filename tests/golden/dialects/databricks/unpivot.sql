-- stage
CREATE SCHEMA IF NOT EXISTS `_dataflow`;

-- stage
CREATE OR REPLACE TABLE `_dataflow`.`df_c29d313e43_result` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS
WITH `orders` /* node:orders */ AS (
  SELECT
    *
  FROM `raw`.`orders`
), `long` /* node:long */ AS (
  SELECT
    *
  FROM (
    SELECT
      `l`.`id`,
      `n`.`which`,
      CASE `n`.`which` WHEN 'Größe' THEN `l`.`Größe` WHEN 'note' THEN `l`.`note` END AS `text`
    FROM `orders` AS `l`
    CROSS JOIN (
      SELECT
        'Größe' AS `which`
      UNION ALL
      SELECT
        'note' AS `which`
    ) AS `n`
  ) AS `u`
  WHERE
    NOT `text` IS NULL
)
/* node:result */
SELECT
  *
FROM `long`;

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

