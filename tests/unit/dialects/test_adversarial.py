"""Whatever an author writes, it stays one statement that reads: on every engine, however the rest is hidden."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.sqltext import SqlTextError, parse_expression, parse_query
from dataflow_provider.dialects.registry import DIALECTS, get_dialect

REFUSED = ("DF-SQL-001", "DF-SQL-002", "DF-SQL-003", "DF-SQL-004", "DF-SQL-007", "DF-SQL-008")
ANYWHERE = (
    "SELECT 1; SELECT 2",
    "SELECT 1 /* ; */ ; DROP TABLE t",
    "SELECT 1 -- ;\n; DELETE FROM t",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "CREATE TABLE x AS SELECT 1",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN a INT",
    "TRUNCATE TABLE t",
    "GRANT SELECT ON t TO u",
    "CALL p()",
    "EXECUTE p",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "COPY t TO '/tmp/x'",
    "LOAD DATA INFILE 'x' INTO TABLE t",
    "SET x = 1",
    "BEGIN",
    "COMMIT",
    "LOCK TABLE t",
    "SELECT a INTO x FROM t",
    "SELECT 1 UNION SELECT a INTO x FROM t",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM (SELECT * FROM t FOR UPDATE) x",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    "WITH d AS (SELECT 1), e AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM (SELECT * FROM e) x",
    "SELECT * FROM (UPDATE t SET a = 1 RETURNING a) x",
)
HERE = {
    "postgres": (
        "SELECT pg_read_file('x')",
        "SELECT PG_Read_File('x')",
        "SELECT \"pg_read_file\"('x')",
        "SELECT pg_catalog.\"pg_read_file\"('x')",
        "SELECT pg_read_file/**/('x')",
        "SELECT CASE WHEN (SELECT true) THEN (SELECT pg_read_binary_file('x')) END",
        "SELECT a FROM t ORDER BY lo_export(1, 'x')",
        "SELECT * FROM dblink('x', 'y') AS t(a int)",
        "SELECT * FROM t, LATERAL pg_ls_dir('.') x",
        "SELECT * FROM ROWS FROM (pg_ls_dir('.')) x",
        "SELECT query_to_xml('delete from t', true, true, '')",
        "SELECT nextval('s')",
        "SELECT pg_notify('a', 'b')",
        "DO $$ BEGIN END $$",
        "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED",
    ),
    "mysql": (
        "SELECT LOAD_FILE('x')",
        "SELECT `load_file`('x')",
        "SELECT load_file ('x')",
        "SELECT /*!50000 LOAD_FILE('x') */",
        "SELECT a FROM t /*! INTO OUTFILE 'x' */",
        "SELECT a FROM t /*M! INTO OUTFILE 'x' */",
        "SELECT a FROM t INTO OUTFILE 'x'",
        "SELECT a INTO @x FROM t",
        "SELECT @x := 1",
        "SELECT a FROM t LOCK IN SHARE MODE",
        "SELECT NEXT VALUE FOR s",
        "SELECT SLEEP(5)",
    ),
    "sqlite": (
        "SELECT load_extension('x')",
        "SELECT \"load_extension\"('x')",
        "SELECT [load_extension]('x')",
        "SELECT `writefile`('x', 'y')",
        "SELECT * FROM fsdir('.')",
        "SELECT * FROM pragma_table_info('t')",
        "ATTACH DATABASE 'x' AS y",
        "VACUUM INTO 'x'",
    ),
    "duckdb": (
        "SELECT * FROM 'x.csv'",
        'FROM "x.parquet"',
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT \"getenv\"('HOME')",
        "SELECT * FROM query('DROP TABLE t')",
        "SELECT * FROM duckdb_secrets()",
        "EXPORT DATABASE 'x'",
        "INSTALL httpfs",
    ),
    "sqlserver": (
        "SELECT 1 DROP TABLE t",
        "SELECT 1 EXEC xp_cmdshell 'dir'",
        "SELECT * FROM OPENROWSET(BULK 'x', SINGLE_CLOB) AS x",
        "SELECT * FROM OPENDATASOURCE('a', 'b').db.dbo.t",
        "SELECT * FROM srv.db.dbo.t",
        "SELECT a INTO #x FROM t",
        "SELECT * FROM t WITH (UPDLOCK)",
        "SELECT * FROM (SELECT * FROM t WITH (NOLOCK, TABLOCKX)) x",
        "SELECT NEXT VALUE FOR s",
    ),
    "sybase": ("SELECT 1 DROP TABLE t", "SELECT [syb_quit]()", "DUMP DATABASE x TO 'y'", "EXEC xp_cmdshell 'dir'"),
    "oracle": (
        "SELECT UTL_HTTP.REQUEST('x') FROM DUAL",
        "SELECT \"UTL_HTTP\".REQUEST('x') FROM DUAL",
        "SELECT \"SYS\".\"UTL_FILE\".\"FOPEN\"('a', 'b', 'r') FROM DUAL",
        "SELECT s.nextval FROM DUAL",
        "SELECT * FROM t@link",
        "SELECT * FROM t FOR UPDATE NOWAIT",
        "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM DUAL",
    ),
    "teradata": ("LOCKING TABLE t FOR WRITE SELECT * FROM t", "DEL FROM t", "SELECT * FROM t@remote"),
    "saphana": ("SELECT s.NEXTVAL FROM DUMMY", "DO BEGIN END", "SELECT * FROM t@remote"),
    "snowflake": (
        "SELECT * FROM @st",
        "SELECT s.nextval",
        "SELECT * FROM TABLE(p())",
        'SELECT "SYSTEM$CANCEL_ALL_QUERIES"(1)',
        "EXECUTE IMMEDIATE 'x'",
        "PUT file:///x @s",
    ),
    "databricks": (
        "SELECT `reflect`('a', 'b')",
        "SELECT TRANSFORM(a) USING 'cat' AS (b) FROM t",
        "SELECT * FROM csv.`/x`",
        "FROM t INSERT INTO x SELECT *",
        "ADD JAR 'x'",
    ),
}
READING = (
    "SELECT ';' AS a FROM t",
    "SELECT a FROM t -- DELETE FROM t",
    "SELECT a FROM t WHERE note = 'FOR UPDATE' /* DROP TABLE t; */",
    "WITH x AS (SELECT 1 AS a) SELECT a FROM x UNION ALL SELECT a FROM t",
)


@pytest.mark.parametrize("text", ANYWHERE)
@pytest.mark.parametrize("engine", sorted(DIALECTS))
def test_statement_that_does_more_than_read_is_refused_everywhere(engine: str, text: str) -> None:
    with pytest.raises(SqlTextError) as caught:
        parse_query(text, get_dialect(engine))
    assert caught.value.code in REFUSED
    assert caught.value.message


@pytest.mark.parametrize(("engine", "text"), [(engine, text) for engine, texts in HERE.items() for text in texts])
def test_way_out_of_an_engine_is_refused(engine: str, text: str) -> None:
    with pytest.raises(SqlTextError) as caught:
        parse_query(text, get_dialect(engine))
    assert caught.value.code in REFUSED


@pytest.mark.parametrize("text", READING)
@pytest.mark.parametrize("engine", sorted(DIALECTS))
def test_words_in_texts_and_comments_do_no_harm(engine: str, text: str) -> None:
    assert parse_query(text, get_dialect(engine)) is not None


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ("postgres", "\"pg_read_file\"('x')"),
        ("mysql", "(SELECT `load_file`('x'))"),
        ("mysql", "a /*! + LOAD_FILE('x') */"),
        ("oracle", "\"UTL_HTTP\".REQUEST('x')"),
        ("sqlserver", "1 DROP TABLE t"),
        ("postgres", "(SELECT 1 FOR UPDATE)"),
    ],
)
def test_expression_has_no_way_out_either(engine: str, text: str) -> None:
    with pytest.raises(SqlTextError) as caught:
        parse_expression(text, get_dialect(engine))
    assert caught.value.code in REFUSED
