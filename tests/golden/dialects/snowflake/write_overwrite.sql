-- publish
INSERT OVERWRITE INTO "MART"."Usage" ("Key", "group", "at")
SELECT "Key", "group", "at" FROM "stage rows";

