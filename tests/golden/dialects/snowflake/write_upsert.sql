-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "stage rows" GROUP BY "Key" HAVING COUNT(*) > 1) duplicates;

-- publish
MERGE INTO "MART"."Usage" AS t USING (
SELECT "Key", "group", "at" FROM "stage rows"
) AS s ON (t."Key" = s."Key")
WHEN MATCHED THEN UPDATE SET "group" = s."group", "at" = s."at"
WHEN NOT MATCHED THEN INSERT ("Key", "group", "at") VALUES (s."Key", s."group", s."at");

