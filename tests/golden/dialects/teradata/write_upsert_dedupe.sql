-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- publish
UPDATE t FROM "MART"."Usage" AS t, (SELECT "Key", "group", "at" FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY "Key" ORDER BY "at" DESC NULLS LAST, "group" ASC NULLS LAST) AS "_df_rank" FROM "stage rows" r) ranked WHERE "_df_rank" = 1) AS s
SET "group" = s."group", "at" = s."at"
WHERE t."Key" = s."Key";

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT s."Key", s."group", s."at" FROM (SELECT "Key", "group", "at" FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY "Key" ORDER BY "at" DESC NULLS LAST, "group" ASC NULLS LAST) AS "_df_rank" FROM "stage rows" r) ranked WHERE "_df_rank" = 1) s WHERE NOT EXISTS (SELECT 1 FROM "MART"."Usage" t WHERE t."Key" = s."Key");

