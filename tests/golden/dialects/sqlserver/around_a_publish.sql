SET NOCOUNT ON; DECLARE @name NVARCHAR(255) = LEFT(CONCAT(N'dataflow.', LOWER(N'MART'), N'.', LOWER(N'Usage')), 255), @answer INT; EXEC @answer = sp_getapplock @Resource = @name, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 5000; SELECT CASE WHEN @answer >= 0 THEN 1 ELSE 0 END;

IF SCHEMA_ID(N'MART') IS NULL EXEC(N'CREATE SCHEMA [MART]');

IF OBJECT_ID(N'[MART].[Usage]') IS NULL BEGIN SELECT s.*, CAST(NULL AS NVARCHAR(600)) AS [_run_id] INTO [MART].[Usage] FROM (SELECT 1 AS one) d LEFT JOIN (SELECT * FROM [stage rows]) s ON 1 = 0 WHERE 1 = 0; CREATE CLUSTERED INDEX [df_cluster] ON [MART].[Usage] ([Key]); END;

ALTER TABLE [MART].[Usage] ADD [group] NVARCHAR(40) NULL;

ALTER TABLE [MART].[Usage] ADD [at] DATETIME2 NULL;

DELETE FROM [MART].[Usage] WHERE [_run_id] = N'it''s run 1/p/t' AND [_run_id] = N'it''s run 1/p/t' COLLATE Latin1_General_BIN2;

INSERT INTO [MART].[Usage] ([Key], [group], [at], [_run_id])
SELECT [Key], [group], [at], N'it''s run 1/p/t' AS [_run_id] FROM [stage rows];

