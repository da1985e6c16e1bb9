-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "stage rows" GROUP BY "Key" HAVING COUNT(*) > 1) duplicates;

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT s."Key", s."group", s."at" FROM (SELECT "Key", "group", "at" FROM "stage rows") s WHERE NOT EXISTS (SELECT 1 FROM "MART"."Usage" t WHERE t."Key" = s."Key");

