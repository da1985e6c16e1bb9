-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL OR [at] IS NULL;

-- publish
DELETE FROM [MART].[Usage] WHERE EXISTS (SELECT 1 FROM (SELECT [Key], [at] FROM [stage rows]) s WHERE [MART].[Usage].[Key] = s.[Key] AND [MART].[Usage].[at] = s.[at]);

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT [Key], [group], [at] FROM [stage rows];

