CREATE SCHEMA shop;
CREATE TABLE shop.days (cell VARCHAR, day DATE, kind VARCHAR, amount INTEGER);
INSERT INTO shop.days VALUES
  ('a', '2026-01-01', 'voice', 1), ('a', '2026-01-01', 'voice', 3), ('a', '2026-01-02', 'voice', 5),
  ('a', '2026-01-02', 'data', NULL), ('b', '2026-01-01', 'data', 7), ('b', '2026-01-01', 'sms', 9);
