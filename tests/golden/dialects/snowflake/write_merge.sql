-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- check
SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM "stage rows" GROUP BY "Key" HAVING COUNT(*) > 1) duplicates;

-- publish
MERGE INTO "MART"."Usage" AS t USING (
SELECT incoming.*, CASE WHEN (
"group" = 'gone'
) THEN 1 ELSE 0 END AS "_df_delete" FROM (SELECT "Key", "group", "at" FROM "stage rows") incoming
) AS s ON (t."Key" = s."Key")
WHEN MATCHED AND s."_df_delete" = 1 THEN DELETE
WHEN MATCHED THEN UPDATE SET "group" = s."group", "at" = s."at"
WHEN NOT MATCHED AND s."_df_delete" = 0 THEN INSERT ("Key", "group", "at") VALUES (s."Key", s."group", s."at");

