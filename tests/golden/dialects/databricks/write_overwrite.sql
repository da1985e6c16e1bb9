-- publish
INSERT OVERWRITE `MART`.`Usage` (`Key`, `group`, `at`)
SELECT `Key`, `group`, `at` FROM `stage rows`;

