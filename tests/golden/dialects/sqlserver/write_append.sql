-- publish
DELETE FROM [MART].[Usage] WHERE [_run_id] = N'it''s run 1/p/t' AND [_run_id] = N'it''s run 1/p/t' COLLATE Latin1_General_BIN2;

-- publish
INSERT INTO [MART].[Usage] ([Key], [group], [at], [_run_id])
SELECT [Key], [group], [at], N'it''s run 1/p/t' AS [_run_id] FROM [stage rows];

