-- check
SELECT COUNT(*) FROM "stage rows" WHERE CASE WHEN "at" >= TIMESTAMP '2026-01-01 00:00:00.000000' AND "at" < TIMESTAMP '2026-01-02 00:00:00.000000' THEN 1 ELSE 0 END = 0;

-- publish
DELETE FROM "MART"."Usage" WHERE "at" >= TIMESTAMP '2026-01-01 00:00:00.000000' AND "at" < TIMESTAMP '2026-01-02 00:00:00.000000';

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT "Key", "group", "at" FROM "stage rows";

