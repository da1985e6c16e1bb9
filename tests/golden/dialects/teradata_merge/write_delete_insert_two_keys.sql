-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL OR "at" IS NULL;

-- publish
DELETE FROM "MART"."Usage" WHERE ("Key", "at") IN (SELECT "Key", "at" FROM (SELECT "Key", "at" FROM "stage rows") s);

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT "Key", "group", "at" FROM "stage rows";

