CREATE SCHEMA shop;
CREATE TABLE shop.events (kind VARCHAR, value VARCHAR);
INSERT INTO shop.events VALUES ('a', '100'), ('b', '5.5'), ('c', NULL), ('d', 'much'), (NULL, '7'), ('e', '1e3');
