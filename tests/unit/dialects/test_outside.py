"""What an author's query cannot reach on each engine: files, stages, other servers, other people's code."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.sqltext import SqlTextError, parse_query
from dataflow_provider.dialects.registry import get_dialect

OUTSIDE = {
    "duckdb": ["SELECT \"getenv\"('HOME')", "SELECT * FROM \"read_csv\"('/x')"],
    "postgres": ["SELECT \"pg_read_file\"('/x')", "SELECT pg_catalog.\"pg_read_file\"('/x')"],
    "mysql": ["SELECT LOAD_FILE('/x')", "SELECT `LOAD_FILE`('/x')"],
    "sqlite": [
        "SELECT \"load_extension\"('x')",
        "SELECT [readfile]('x')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM main.Pragma_Table_List",
    ],
    "snowflake": [
        "SELECT * FROM @stage",
        "SELECT $1 FROM @stage",
        "SELECT $1 FROM @db.schema.stage/data.csv",
        "SELECT * FROM TABLE(RESULT_SCAN('x'))",
        "SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@s'))",
        "SELECT SYSTEM$CANCEL_ALL_QUERIES(1)",
        "SELECT GET_PRESIGNED_URL('@s', 'x')",
        "COPY INTO t FROM @s",
    ],
    "databricks": [
        "SELECT * FROM parquet.`/data/x`",
        "SELECT * FROM delta.`dbfs`",
        "SELECT * FROM read_files('/data')",
        "SELECT * FROM cloud_files('/data', 'json')",
        "SELECT reflect('java.lang.System', 'exit', 1)",
        "SELECT java_method('java.lang.Runtime', 'exec', 'x')",
        "SELECT secret('scope', 'key')",
        "SELECT `reflect`('java.lang.System', 'exit', 1)",
    ],
    "teradata": [
        "SELECT * FROM t@remote",
        "SELECT * FROM READ_NOS(ON (SELECT 1 AS a)) AS d",
        "SELECT syslib.AbortSessions(1, 'x', 1, 'Y', 'Y')",
    ],
    "sqlserver": [
        "SELECT * FROM OPENROWSET('a', 'b', 'c') AS x",
        "SELECT * FROM OPENQUERY(other, 'SELECT 1') AS x",
        "SELECT * FROM other.db.dbo.t",
        "SELECT sys.fn_get_audit_file('x', 1, 1)",
        "EXEC xp_cmdshell 'dir'",
        "SELECT a INTO t FROM u",
    ],
    "oracle": [
        "SELECT * FROM t@remote",
        "SELECT UTL_HTTP.REQUEST('http://x') FROM DUAL",
        "SELECT UTL_FILE.FOPEN('a', 'b', 'r') FROM DUAL",
        "SELECT SYS.DBMS_XMLGEN.GETXML('SELECT 1') FROM DUAL",
        "SELECT DBMS_LOB.LOADFROMFILE(a, b, 1) FROM t",
        "SELECT HTTPURITYPE('http://x').GETCLOB() FROM DUAL",
        "SELECT BFILENAME('D', 'f') FROM DUAL",
    ],
    "saphana": ["SELECT * FROM PAL_KMEANS(1)", "SELECT * FROM SYS_REMOTE.T", "SELECT * FROM T@REMOTE"],
    "sybase": [
        "SELECT * FROM other.db.dbo.t",
        "SELECT syb_sendmsg('127.0.0.1', 1, 'x')",
        "SELECT syb_quit()",
        "EXEC xp_cmdshell 'dir'",
    ],
}
INSIDE = {
    "snowflake": ["SELECT * FROM t, LATERAL FLATTEN(input => a)", "SELECT REGEXP_LIKE(a, 'x') FROM db.s.t"],
    "databricks": ["SELECT explode(a) FROM c.s.t", "SELECT * FROM t LATERAL VIEW explode(a) x AS y"],
    "teradata": ["SELECT HASHROW(a), OREPLACE(a, 'x', 'y') FROM d.t", "SELECT a FROM t QUALIFY a = 1"],
    "sqlserver": ["SELECT HASHBYTES('MD5', a) FROM db.dbo.t", "SELECT value FROM STRING_SPLIT('a,b', ',')"],
    "oracle": ["SELECT DBMS_LOB.SUBSTR(a, 10, 1), NVL(a, b) FROM s.t", "SELECT DBMS_RANDOM.VALUE(1, 2) FROM DUAL"],
    "saphana": ["SELECT ADD_DAYS(d, 1) FROM s.t", "SELECT TO_VARCHAR(a, 'YYYY') FROM DUMMY"],
    "sybase": ["SELECT ISNULL(a, b), DATEADD(DAY, 1, d) FROM db.dbo.t"],
}  # fmt: skip


@pytest.mark.parametrize(("engine", "text"), [(engine, text) for engine, texts in OUTSIDE.items() for text in texts])
def test_query_that_reaches_outside_is_refused(engine: str, text: str) -> None:
    with pytest.raises(SqlTextError) as caught:
        parse_query(text, get_dialect(engine))
    assert caught.value.code in ("DF-SQL-001", "DF-SQL-003", "DF-SQL-007", "DF-SQL-008")


@pytest.mark.parametrize(("engine", "text"), [(engine, text) for engine, texts in INSIDE.items() for text in texts])
def test_query_of_the_database_alone_is_allowed(engine: str, text: str) -> None:
    assert parse_query(text, get_dialect(engine)) is not None
