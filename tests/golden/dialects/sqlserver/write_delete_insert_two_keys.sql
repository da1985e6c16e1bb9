-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL OR [at] IS NULL;

-- publish
DELETE t FROM [MART].[Usage] AS t WHERE EXISTS (SELECT 1 FROM (SELECT [Key], [at] FROM [stage rows]) s WHERE t.[Key] = s.[Key] AND t.[at] = s.[at]);

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT [Key], [group], [at] FROM [stage rows];

