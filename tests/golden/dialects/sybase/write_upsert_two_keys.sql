-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL OR [at] IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM [stage rows] GROUP BY [Key], [at] HAVING COUNT(*) > 1) duplicates;

-- publish
UPDATE [MART].[Usage] SET [group] = s.[group]
FROM [MART].[Usage], [stage rows] s WHERE [MART].[Usage].[Key] = s.[Key] AND [MART].[Usage].[at] = s.[at];

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT s.[Key], s.[group], s.[at] FROM (SELECT [Key], [group], [at] FROM [stage rows]) s WHERE NOT EXISTS (SELECT 1 FROM [MART].[Usage] WHERE [MART].[Usage].[Key] = s.[Key] AND [MART].[Usage].[at] = s.[at]);

