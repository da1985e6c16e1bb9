-- NULLs, duplicates, ties, texts that are no numbers, and names that only quoting keeps whole.
CREATE SCHEMA raw;
CREATE TABLE raw.orders (id INTEGER, "Order" VARCHAR, "Größe" VARCHAR, "group" VARCHAR, amount DECIMAL(12, 2), note VARCHAR, "at" TIMESTAMP);
INSERT INTO raw.orders VALUES
    (1, 'a', 'groß', 'Żółty', 10.00, '12', '2026-01-01 00:00:00'),
    (2, 'b', 'klein', 'Żółty', 20.50, 'no', '2026-01-02 00:00:00'),
    (3, NULL, NULL, 'b''s', -5.00, NULL, NULL),
    (6, 'a', 'groß', NULL, 250.00, '7', '2026-01-03 00:00:00'),
    (7, 'x', 'mittel', 'Żółty', NULL, '', '2026-01-03 12:30:00'),
    (8, 'c', 'mittel', 'b''s', 250.00, 'Ada', '2026-01-02 00:00:00'),
    (9, 'c', 'groß', 'b''s', 40.00, 'Łucja', '2026-01-02 00:00:00'),
    (NULL, 'd', 'groß', 'Żółty', 1.00, '99', '2026-01-04 00:00:00');
CREATE TABLE raw."Kunden" (id INTEGER, "Name" VARCHAR);
INSERT INTO raw."Kunden" VALUES (6, 'Ada'), (7, NULL), (8, 'Łucja'), (50, 'Grace'), (2, 'Bob'), (NULL, 'nobody');
-- What Oracle and SAP HANA select from when there is nothing to select from.
CREATE TABLE "DUAL" ("DUMMY" VARCHAR);
INSERT INTO "DUAL" VALUES ('X');
CREATE TABLE "DUMMY" ("DUMMY" VARCHAR);
INSERT INTO "DUMMY" VALUES ('X');
