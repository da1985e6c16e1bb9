"""Sessions on fakesnow through Airflow's own SnowflakeHook: verbs, columns, transactions, jobs, rows, errors.

Not shown here, since fakesnow cannot: NULL timestamps, a cancelled statement, a transaction that waits for a lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute
import pytest
from snowflake.connector import SnowflakeConnection

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.snowflake import SnowflakeConnector, SnowflakeSession
from dataflow_provider.connectors.jobs import JobSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from dataflow_provider.spec.nodes import Scalar
from tests.engines.fakesnow import FakesnowServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engine-snowflake")
OPTIONS = SessionOptions(Holder("flights", "load"))
CONNECTOR = SnowflakeConnector()
MERGE = """
MERGE INTO "t" USING (SELECT 1 AS k UNION ALL SELECT 9) AS s ON "t"."a" = s.k
WHEN MATCHED THEN UPDATE SET "B" = 'm' WHEN NOT MATCHED THEN INSERT ("a") VALUES (s.k)
"""


@pytest.fixture(scope="module")
def server(fakesnow_server: FakesnowServer) -> FakesnowServer:
    return fakesnow_server.with_database("SESSIONS")


@pytest.fixture
def session(server: FakesnowServer) -> Iterator[SnowflakeSession]:
    with CONNECTOR.open(server.spec, OPTIONS) as opened:
        opened.execute('CREATE OR REPLACE TABLE "t" ("a" NUMBER(10, 0), "B" VARCHAR(20))')
        opened.execute("""INSERT INTO "t" VALUES (1, 'x'), (2, 'y'), (3, NULL)""")
        yield opened


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("""INSERT INTO "t" VALUES (4, 'z')""", 1),
        ("""UPDATE "t" SET "B" = 'q' WHERE "a" > 1""", 2),
        ('DELETE FROM "t"', 3),
        (MERGE, 2),
        ('CREATE OR REPLACE TABLE "u" AS SELECT * FROM "t"', None),
        ('TRUNCATE TABLE "t"', None),
        ('SELECT * FROM "t"', None),
    ],
)
def test_execute_returns_the_rows_a_statement_changed(session: SnowflakeSession, sql: str, rows: int | None) -> None:
    assert session.execute(sql) == rows


def test_last_job_id_is_the_query_of_the_last_statement(session: SnowflakeSession) -> None:
    before = session.last_job_id
    session.execute('DELETE FROM "t"')
    assert session.last_job_id
    assert session.last_job_id != before


def test_execute_of_two_statements_is_refused(session: SnowflakeSession) -> None:
    with pytest.raises(TerminalError, match=r"DF-RUN-031"):
        session.execute('DELETE FROM "t"; DELETE FROM "t"')


def test_fetch_rows_with_a_limit_returns_names_and_so_many_rows(session: SnowflakeSession) -> None:
    assert session.fetch_rows('SELECT * FROM "t" ORDER BY "a"', 2) == (("a", "B"), [(1, "x"), (2, "y")])


def test_fetch_number_of_null_is_zero(session: SnowflakeSession) -> None:
    assert session.fetch_number('SELECT SUM("a") FROM "t" WHERE "a" > 9') == 0


def test_columns_of_a_table_are_its_real_names_and_types(session: SnowflakeSession) -> None:
    assert session.columns_of('"PUBLIC"."t"') == {"a": "NUMBER(10,0)", "B": "VARCHAR(20)"}


@pytest.mark.parametrize("table", ['"nope"', '"NOWHERE"."t"'])
def test_columns_of_a_missing_table_are_none(session: SnowflakeSession, table: str) -> None:
    assert session.columns_of(table) is None


def test_columns_of_a_query_are_told_without_running_it(session: SnowflakeSession) -> None:
    described = session.columns_of_query(
        'SELECT "a" AS "n", "B", CURRENT_DATE() AS d, 1.5::FLOAT AS f, TRUE AS t, "a"::NUMBER(12, 2) AS m, '
        "'2020-01-01'::TIMESTAMP_NTZ AS ts, PARSE_JSON('1') AS j, 'ff'::BINARY AS x FROM \"t\""
    )
    assert {name: text.partition("(")[0] for name, text in described.items()} == {
        "n": "NUMBER", "B": "VARCHAR", "D": "DATE", "F": "FLOAT", "T": "BOOLEAN", "M": "NUMBER", "TS": "TIMESTAMP_NTZ",
        "J": "VARIANT", "X": "BINARY",
    }  # fmt: skip
    assert (described["n"], described["M"]) == ("NUMBER(10,0)", "NUMBER(12,2)")


def test_transaction_that_fails_leaves_the_rows_as_they_were(session: SnowflakeSession) -> None:
    with pytest.raises(TerminalError, match="DF-RUN-014"), session.transaction():
        run_all(session, 'DELETE FROM "t"', "DELETE FROM nope")
    assert session.fetch_number('SELECT COUNT(*) FROM "t"') == 3


def run_all(session: SnowflakeSession, *statements: str) -> None:
    for sql in statements:
        session.execute(sql)


def test_transaction_that_ends_is_seen_by_others(session: SnowflakeSession, server: FakesnowServer) -> None:
    with session.transaction():
        session.execute('DELETE FROM "t" WHERE "a" = 1')
        assert server.query('SELECT COUNT(*) FROM "t"') == [(3,)]
    assert server.query('SELECT COUNT(*) FROM "t"') == [(2,)]


def test_read_only_session_refuses_what_writes(server: FakesnowServer, session: SnowflakeSession) -> None:
    with CONNECTOR.open(server.spec, replace(OPTIONS, read_only=True)) as reading:
        assert reading.fetch_number('SELECT COUNT(*) FROM "t"') == 3
        with pytest.raises(TerminalError, match=r"DF-RUN-016"):
            reading.execute('DELETE FROM "t"')


def test_author_sql_that_leaves_the_database_is_refused(session: SnowflakeSession) -> None:
    for sql in ("COPY INTO @x FROM t", "SELECT SYSTEM$SEND_EMAIL('a', 'b', 'c', 'd')", "CREATE STAGE s URL = 's3://b'"):
        with pytest.raises(AuthorError, match=r"DF-RUN-030"):
            session.execute_author_sql(sql)


@pytest.mark.parametrize(
    ("sql", "branch", "code", "said"),
    [
        ("SELECT * FROM nope", TerminalError, "DF-RUN-014", "002003 42S02"),
        ("SELEC 1", TerminalError, "DF-RUN-015", "001003 42000"),
        ("SELECT CAST('secret-value' AS INT)", TerminalError, "DF-RUN-012", "100035 22007"),
    ],
)
def test_error_tells_the_vendors_code_and_no_value(
    session: SnowflakeSession, sql: str, branch: type[DataflowError], code: str, said: str
) -> None:
    with pytest.raises(branch) as caught:
        session.execute(sql)
    assert caught.value.code == code
    assert said in caught.value.message
    assert "secret-value" not in caught.value.message


def test_job_is_found_by_its_id(session: SnowflakeSession) -> None:
    assert isinstance(session, JobSession)
    job = session.submit('DELETE FROM "t"')
    assert session.job_state(job).status == "succeeded"
    assert session.fetch_number('SELECT COUNT(*) FROM "t"') == 0


def test_session_tells_snowflake_who_asks_and_what_sql_means(
    server: FakesnowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    connect = SnowflakeConnection.connect

    def record(self: SnowflakeConnection, **options: Any) -> None:
        seen.update(options)
        connect(self, **options)

    monkeypatch.setattr(SnowflakeConnection, "connect", record)
    given = {**server.spec.extra, "session_parameters": {"timezone": "Asia/Tokyo", "WEEK_START": 1}}
    settings: dict[str, Scalar] = {"statement_timeout_in_seconds": 60, "warehouse": "BIG"}
    with CONNECTOR.open(replace(server.spec, extra=given), replace(OPTIONS, settings=settings)):
        pass
    parameters = seen["session_parameters"]
    assert (parameters["TIMEZONE"], parameters["WEEK_START"]) == ("UTC", 1)
    assert parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == 60
    assert json.loads(parameters["QUERY_TAG"]) == {"app": "dataflow", "pipeline": "flights", "stage": "load"}
    assert seen["warehouse"] == "BIG"


def test_setting_that_changes_what_sql_means_is_refused(server: FakesnowServer) -> None:
    with (
        pytest.raises(AuthorError, match=r"DF-CONN-004.*statement_timeout"),
        CONNECTOR.open(server.spec, replace(OPTIONS, settings={"timezone": "Asia/Tokyo"})),
    ):
        pass


ROWS = pyarrow.table(
    {
        "Whole": pyarrow.array([1, -2, None], pyarrow.int64()),
        "huge": pyarrow.array([Decimal("12345678901234567890.12"), None, Decimal("-0.01")], pyarrow.decimal128(38, 2)),
        "text": pyarrow.array(['it\'s \\ a "line"\n', "", None]),
        "moment": pyarrow.array([datetime(2020, 1, 1, 1, 2, 3, 456789), datetime(9999, 12, 31), datetime(1, 1, 1)]),
        "zoned": pyarrow.array([datetime(2020, 1, 1, tzinfo=UTC)] * 3, pyarrow.timestamp("us", "UTC")),
        "bytes": pyarrow.array([b"\x00\xff", b"", None], pyarrow.binary()),
        "day": pyarrow.array([date(2024, 2, 29), None, date(1, 1, 1)]),
        "flag": pyarrow.array([True, False, None]),
        "real": pyarrow.array([1.5, float("inf"), None]),
        "clock": pyarrow.array([time(1, 2, 3, 4), None, time(0)], pyarrow.time64("us")),
    }
)


def test_rows_go_in_and_come_out_exact(session: SnowflakeSession, tmp_path: Path) -> None:
    given, answered = tmp_path / "in.arrow", tmp_path / "out.arrow"
    with pyarrow.OSFile(str(given), "wb") as file, pyarrow.ipc.new_stream(file, ROWS.schema) as writer:
        writer.write_table(ROWS, max_chunksize=2)
    session.import_rows('"PUBLIC"."handed"', given)
    session.export_rows('SELECT * FROM "PUBLIC"."handed"', answered)
    with pyarrow.memory_map(str(answered)) as file:
        table = pyarrow.ipc.open_stream(file).read_all()
    assert table.to_pylist() == ROWS.to_pylist()
    assert table.schema.field("huge").type == pyarrow.decimal128(38, 2)
    assert table.schema.field("zoned").type == pyarrow.timestamp("us", "UTC")


def test_import_of_no_rows_builds_an_empty_table(session: SnowflakeSession, tmp_path: Path) -> None:
    given = tmp_path / "in.arrow"
    with pyarrow.OSFile(str(given), "wb") as file, pyarrow.ipc.new_stream(file, ROWS.schema):
        pass
    session.import_rows('"handed"', given)
    assert session.fetch_number('SELECT COUNT(*) FROM "handed"') == 0
    assert list(session.columns_of('"handed"') or {}) == ROWS.schema.names


def test_export_of_many_rows_keeps_every_one(session: SnowflakeSession, tmp_path: Path) -> None:
    path = tmp_path / "out.arrow"
    session.export_rows("SELECT SEQ4() AS n FROM TABLE(GENERATOR(ROWCOUNT => 150000))", path)
    with pyarrow.memory_map(str(path)) as file:
        numbers = pyarrow.ipc.open_stream(file).read_all()["N"]
    assert pyarrow.compute.count_distinct(numbers).as_py() == 150_000


def test_open_on_a_closed_port_tells_where(server: FakesnowServer) -> None:
    port = free_port()
    nowhere = replace(server.spec, extra={**server.spec.extra, "port": port, "login_timeout": 1})
    with pytest.raises(TransientError) as caught, CONNECTOR.open(nowhere, OPTIONS):
        pass
    assert caught.value.code == "DF-CONN-012"
    assert f"127.0.0.1:{port}" in caught.value.message


def test_open_without_an_account_is_the_authors_to_mend() -> None:
    empty = ConnectionSpec("snow_empty", "snowflake", login="u", password="secret")
    with pytest.raises(AuthorError, match=r"DF-CONN-015.*snow_empty"), CONNECTOR.open(empty, OPTIONS):
        pass


def test_merge_stands_in_a_transaction_behind_other_statements(session: SnowflakeSession) -> None:
    with session.transaction():
        session.execute("""INSERT INTO "t" VALUES (7, 'w')""")
        assert session.execute(MERGE) == 2
    assert session.fetch_number('SELECT COUNT(*) FROM "t"') == 5
