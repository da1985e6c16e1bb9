-- check
SELECT COUNT(*) FROM `stage rows` WHERE `Key` IS NULL;

-- publish
MERGE INTO `MART`.`Usage` AS t USING (
SELECT NULL AS `_df_present_0`, r.* FROM (SELECT `Key`, `group`, `at` FROM `stage rows`) r
UNION ALL
SELECT DISTINCT k.`Key` AS `_df_present_0`, NULL AS `Key`, NULL AS `group`, NULL AS `at` FROM (SELECT `Key` FROM `stage rows`) k
) AS s ON (t.`Key` = s.`_df_present_0`)
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND s.`_df_present_0` IS NULL THEN INSERT (`Key`, `group`, `at`) VALUES (s.`Key`, s.`group`, s.`at`);

