CREATE SCHEMA shop;
CREATE TABLE shop.a (k INTEGER, v INTEGER);
CREATE TABLE shop.b (k INTEGER, x INTEGER, y VARCHAR);
INSERT INTO shop.a VALUES (1, 10), (2, 20), (NULL, 5);
INSERT INTO shop.b VALUES (2, 0, 'two'), (3, 0, 'three');
