LOCKING TABLE "MART"."Usage" FOR WRITE SELECT 1;

CREATE MULTISET TABLE "MART"."Usage" AS (SELECT s.*, CAST(NULL AS VARCHAR(600)) AS "_run_id" FROM (SELECT * FROM "stage rows") s WHERE 1 = 0) WITH NO DATA PRIMARY INDEX ("Key") PARTITION BY (RANGE_N(at BETWEEN DATE '2026-01-01' AND DATE));

ALTER TABLE "MART"."Usage" ADD "group" VARCHAR(40);

ALTER TABLE "MART"."Usage" ADD "at" TIMESTAMP;

DELETE FROM "MART"."Usage" WHERE "_run_id" = 'it''s run 1/p/t' AND "_run_id" (CASESPECIFIC) = 'it''s run 1/p/t' (CASESPECIFIC);

INSERT INTO "MART"."Usage" ("Key", "group", "at", "_run_id")
SELECT "Key", "group", "at", 'it''s run 1/p/t' AS "_run_id" FROM "stage rows";

