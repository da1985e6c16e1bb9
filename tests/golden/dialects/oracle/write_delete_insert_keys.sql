-- check
SELECT COUNT(*) FROM "stage rows" WHERE "Key" IS NULL;

-- publish
DELETE FROM "MART"."Usage" WHERE "Key" IN (SELECT "Key" FROM (SELECT "Key" FROM "stage rows") s);

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT "Key", "group", "at" FROM "stage rows";

