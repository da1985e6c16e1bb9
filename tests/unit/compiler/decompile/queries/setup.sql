CREATE TABLE t (id INT, k INT, v VARCHAR, x INT, d DATE);
INSERT INTO t VALUES
    (1, 1, 'a', 10, '2024-01-01'), (2, 1, 'b', NULL, '2024-01-02'), (3, 2, 'a', 5, NULL),
    (4, NULL, 'c', 7, '2024-02-01'),
    (5, 3, NULL, 7, '2024-02-01'), (5, 3, NULL, 7, '2024-02-01'), (6, 9, 'z', 0, '2024-03-01');
CREATE TABLE u (k INT, y INT, v VARCHAR);
INSERT INTO u VALUES (1, 100, 'a'), (1, 5, 'b'), (2, NULL, 'a'), (NULL, 7, 'c'), (4, 1, NULL), (3, 7, 'q');
CREATE TABLE n (k INT, w INT);
INSERT INTO n VALUES (1, 10), (2, 20), (3, 30);
CREATE TABLE e (k INT, y INT);
CREATE SCHEMA s;
CREATE TABLE s."Odd Name" ("Group" INT, "a b" VARCHAR, "order" INT);
INSERT INTO s."Odd Name" VALUES (1, 'x', 2), (2, 'y', NULL);
