LOCK TABLE "MART"."Usage" IN EXCLUSIVE MODE WAIT 600;

CREATE TABLE "MART"."Usage" PARTITION BY LIST ("group") AUTOMATIC (PARTITION "DF_NULL" VALUES (NULL)) AS SELECT s.*, CAST(NULL AS VARCHAR2(600 CHAR)) AS "_run_id" FROM (SELECT * FROM "stage rows") s WHERE 1 = 0;

ALTER TABLE "MART"."Usage" ADD ("group" VARCHAR2(40));

ALTER TABLE "MART"."Usage" ADD ("at" TIMESTAMP);

DELETE FROM "MART"."Usage" WHERE "_run_id" = 'it''s run 1/p/t';

INSERT INTO "MART"."Usage" ("Key", "group", "at", "_run_id")
SELECT "Key", "group", "at", 'it''s run 1/p/t' AS "_run_id" FROM "stage rows";

