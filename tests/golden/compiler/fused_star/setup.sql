CREATE SCHEMA shop;
CREATE TABLE shop.log ("at" TIMESTAMP, note VARCHAR);
CREATE TABLE shop.orders (id INTEGER, customer_id INTEGER, amount INTEGER, "order" VARCHAR);
CREATE TABLE shop.customers (customer_id INTEGER, "Name" VARCHAR);
INSERT INTO shop.orders VALUES (1, 1, 10, 'a'), (2, 1, 5, NULL), (3, 9, 7, 'b'), (4, 1, 0, 'c'), (5, 2, NULL, 'd');
INSERT INTO shop.customers VALUES (1, 'Ann'), (2, 'Bob');
