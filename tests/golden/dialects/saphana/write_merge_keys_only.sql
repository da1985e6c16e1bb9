-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "stage rows" GROUP BY "Key" HAVING COUNT(*) > 1) duplicates;

-- publish
DELETE FROM "MART"."Usage" WHERE "Key" IN (SELECT "Key" FROM (SELECT * FROM (SELECT incoming.*, CASE WHEN (
"group" = 'gone'
) THEN 1 ELSE 0 END AS "_df_delete" FROM (SELECT "Key", "group", "at" FROM "stage rows") incoming) f WHERE "_df_delete" = 1) s);

-- publish
MERGE INTO "MART"."Usage" AS t USING (
SELECT * FROM (SELECT incoming.*, CASE WHEN (
"group" = 'gone'
) THEN 1 ELSE 0 END AS "_df_delete" FROM (SELECT "Key", "group", "at" FROM "stage rows") incoming) f WHERE "_df_delete" = 0
) AS s ON (t."Key" = s."Key")
WHEN NOT MATCHED THEN INSERT ("Key", "group", "at") VALUES (s."Key", s."group", s."at");

