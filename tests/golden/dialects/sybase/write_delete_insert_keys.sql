-- check
SELECT COUNT(*) FROM [stage rows] WHERE [Key] IS NULL;

-- publish
DELETE FROM [MART].[Usage] WHERE EXISTS (SELECT 1 FROM (SELECT [Key] FROM [stage rows]) s WHERE [MART].[Usage].[Key] = s.[Key]);

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT [Key], [group], [at] FROM [stage rows];

