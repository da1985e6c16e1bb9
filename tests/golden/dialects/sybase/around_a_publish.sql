LOCK TABLE [MART].[Usage] IN EXCLUSIVE MODE WAIT 600;

SELECT s.*, CAST(NULL AS VARCHAR(600)) AS [_run_id] INTO [MART].[Usage] FROM (SELECT 1 AS one) d LEFT JOIN (SELECT * FROM [stage rows]) s ON 1 = 0 WHERE 1 = 0
EXEC('CREATE CLUSTERED INDEX df_cluster ON [MART].[Usage] ([Key])');

ALTER TABLE [MART].[Usage] ADD [group] VARCHAR(40) NULL;

ALTER TABLE [MART].[Usage] ADD [at] BIGDATETIME NULL;

DELETE FROM [MART].[Usage] WHERE [_run_id] = 'it''s run 1/p/t' AND COMPARE(RTRIM([_run_id]), 'it''s run 1/p/t', 'binary') = 0;

INSERT INTO [MART].[Usage] ([Key], [group], [at], [_run_id])
SELECT [Key], [group], [at], 'it''s run 1/p/t' AS [_run_id] FROM [stage rows];

