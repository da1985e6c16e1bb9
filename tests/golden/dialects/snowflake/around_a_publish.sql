CREATE SCHEMA IF NOT EXISTS "MART";

CREATE TABLE IF NOT EXISTS "MART"."Usage" CLUSTER BY ("group", "at") AS SELECT s.*, CAST(NULL AS VARCHAR(600)) AS "_run_id" FROM (SELECT * FROM "stage rows") s WHERE 1 = 0;

ALTER TABLE "MART"."Usage" ADD COLUMN "group" VARCHAR(40);

ALTER TABLE "MART"."Usage" ADD COLUMN "at" TIMESTAMP_NTZ;

DELETE FROM "MART"."Usage" WHERE "_run_id" = 'it''s run 1/p/t';

INSERT INTO "MART"."Usage" ("Key", "group", "at", "_run_id")
SELECT "Key", "group", "at", 'it''s run 1/p/t' AS "_run_id" FROM "stage rows";

