-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL;

-- publish
DELETE t FROM [MART].[Usage] AS t WHERE EXISTS (SELECT 1 FROM (SELECT [Key] FROM [stage rows]) s WHERE t.[Key] = s.[Key]);

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT [Key], [group], [at] FROM [stage rows];

