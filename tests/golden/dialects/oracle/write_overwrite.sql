-- publish
DELETE FROM "MART"."Usage";

-- publish
INSERT INTO "MART"."Usage" ("Key", "group", "at")
SELECT "Key", "group", "at" FROM "stage rows";

