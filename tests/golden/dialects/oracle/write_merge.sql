-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "stage rows" GROUP BY "Key" HAVING COUNT(*) > 1) duplicates;

-- publish
MERGE INTO "MART"."Usage" t USING (
SELECT incoming.*, CASE WHEN (
"group" = 'gone'
) THEN 1 ELSE 0 END AS "_df_delete" FROM (SELECT "Key", "group", "at" FROM "stage rows") incoming
) s ON (t."Key" = s."Key")
WHEN MATCHED THEN UPDATE SET t."group" = s."group", t."at" = s."at"
DELETE WHERE s."_df_delete" = 1
WHEN NOT MATCHED THEN INSERT ("Key", "group", "at") VALUES (s."Key", s."group", s."at")
WHERE s."_df_delete" = 0;

