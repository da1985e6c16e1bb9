-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- publish
MERGE INTO "MART"."Usage" t USING (
SELECT "Key", "group", "at" FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY "Key" ORDER BY "at" DESC NULLS LAST, "group" ASC NULLS LAST) AS "_df_rank" FROM "stage rows" r) ranked WHERE "_df_rank" = 1
) s ON (t."Key" = s."Key")
WHEN MATCHED THEN UPDATE SET t."group" = s."group", t."at" = s."at"
WHEN NOT MATCHED THEN INSERT ("Key", "group", "at") VALUES (s."Key", s."group", s."at");

