-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at])
SELECT [Key], [group], [at] FROM [stage rows];

