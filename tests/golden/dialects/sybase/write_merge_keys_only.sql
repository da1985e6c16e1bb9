-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM [stage rows] GROUP BY [Key] HAVING COUNT(*) > 1) duplicates;

-- publish
DELETE FROM [MART].[Usage] WHERE EXISTS (SELECT 1 FROM (SELECT * FROM (SELECT incoming.*, CASE WHEN (
[group] = 'gone'
) THEN 1 ELSE 0 END AS [_df_delete] FROM (SELECT [Key], [group], [at] FROM [stage rows]) incoming) f WHERE [_df_delete] = 1) s WHERE [MART].[Usage].[Key] = s.[Key]);

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT s.[Key], s.[group], s.[at] FROM (SELECT * FROM (SELECT incoming.*, CASE WHEN (
[group] = 'gone'
) THEN 1 ELSE 0 END AS [_df_delete] FROM (SELECT [Key], [group], [at] FROM [stage rows]) incoming) f WHERE [_df_delete] = 0) s WHERE NOT EXISTS (SELECT 1 FROM [MART].[Usage] WHERE [MART].[Usage].[Key] = s.[Key]);

