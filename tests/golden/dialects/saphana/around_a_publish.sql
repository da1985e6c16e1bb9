LOCK TABLE "MART"."Usage" IN EXCLUSIVE MODE WAIT 600000;

DO BEGIN DECLARE found INTEGER; SELECT COUNT(*) INTO found FROM SCHEMAS WHERE SCHEMA_NAME = 'MART'; IF :found = 0 THEN EXEC 'CREATE SCHEMA "MART"'; END IF; END;

CREATE COLUMN TABLE "MART"."Usage" AS (SELECT s.*, CAST(NULL AS NVARCHAR(600)) AS "_run_id" FROM (SELECT * FROM "stage rows") s WHERE 1 = 0) WITH NO DATA PARTITION BY HASH ("group") PARTITIONS GET_NUM_SERVERS();

ALTER TABLE "MART"."Usage" ADD ("group" NVARCHAR(40));

ALTER TABLE "MART"."Usage" ADD ("at" TIMESTAMP);

DELETE FROM "MART"."Usage" WHERE "_run_id" = 'it''s run 1/p/t';

INSERT INTO "MART"."Usage" ("Key", "group", "at", "_run_id")
SELECT "Key", "group", "at", 'it''s run 1/p/t' AS "_run_id" FROM "stage rows";

