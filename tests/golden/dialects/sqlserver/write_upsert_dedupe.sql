-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL;

-- publish
UPDATE t SET [group] = s.[group], [at] = s.[at]
FROM [MART].[Usage] AS t WITH (UPDLOCK, HOLDLOCK) JOIN (SELECT [Key], [group], [at] FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY [Key] ORDER BY CASE WHEN [at] IS NULL THEN 1 ELSE 0 END, [at] DESC, CASE WHEN [group] IS NULL THEN 1 ELSE 0 END, [group] ASC) AS [_df_rank] FROM [stage rows] r) ranked WHERE [_df_rank] = 1) s ON t.[Key] = s.[Key];

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT s.[Key], s.[group], s.[at] FROM (SELECT [Key], [group], [at] FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY [Key] ORDER BY CASE WHEN [at] IS NULL THEN 1 ELSE 0 END, [at] DESC, CASE WHEN [group] IS NULL THEN 1 ELSE 0 END, [group] ASC) AS [_df_rank] FROM [stage rows] r) ranked WHERE [_df_rank] = 1) s WHERE NOT EXISTS (SELECT 1 FROM [MART].[Usage] AS t WITH (UPDLOCK, HOLDLOCK) WHERE t.[Key] = s.[Key]);

