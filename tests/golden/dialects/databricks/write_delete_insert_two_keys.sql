-- check
SELECT COUNT(*) FROM `stage rows` WHERE `Key` IS NULL OR `at` IS NULL;

-- publish
MERGE INTO `MART`.`Usage` AS t USING (
SELECT NULL AS `_df_present_0`, NULL AS `_df_present_1`, r.* FROM (SELECT `Key`, `group`, `at` FROM `stage rows`) r
UNION ALL
SELECT DISTINCT k.`Key` AS `_df_present_0`, k.`at` AS `_df_present_1`, NULL AS `Key`, NULL AS `group`, NULL AS `at` FROM (SELECT `Key`, `at` FROM `stage rows`) k
) AS s ON (t.`Key` = s.`_df_present_0` AND t.`at` = s.`_df_present_1`)
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND s.`_df_present_0` IS NULL THEN INSERT (`Key`, `group`, `at`) VALUES (s.`Key`, s.`group`, s.`at`);

