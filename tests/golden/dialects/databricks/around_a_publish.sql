CREATE SCHEMA IF NOT EXISTS `MART`;

CREATE TABLE IF NOT EXISTS `MART`.`Usage` USING DELTA PARTITIONED BY (`group`) AS SELECT s.*, CAST(NULL AS STRING) AS `_run_id` FROM (SELECT * FROM `stage rows`) s WHERE 1 = 0;

ALTER TABLE `MART`.`Usage` ADD COLUMNS (`group` STRING);

ALTER TABLE `MART`.`Usage` ADD COLUMNS (`at` TIMESTAMP);

MERGE INTO `MART`.`Usage` AS t USING (
SELECT `Key`, `group`, `at`, 'it\'s run 1/p/t' AS `_run_id` FROM `stage rows`
) AS s ON 1 = 0
WHEN NOT MATCHED THEN INSERT (`Key`, `group`, `at`, `_run_id`) VALUES (s.`Key`, s.`group`, s.`at`, s.`_run_id`)
WHEN NOT MATCHED BY SOURCE AND `_run_id` = 'it\'s run 1/p/t' THEN DELETE;

