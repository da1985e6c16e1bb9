-- publish
DELETE FROM [MART].[Usage] WHERE [_run_id] = 'it''s run 1/p/t' AND COMPARE(RTRIM([_run_id]), 'it''s run 1/p/t', 'binary') = 0;

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at], [_run_id])
SELECT [Key], [group], [at], 'it''s run 1/p/t' AS [_run_id] FROM [stage rows];

