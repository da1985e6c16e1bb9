"""Sessions on the Databricks stand-in through Airflow's own DatabricksSqlHook: verbs, columns, rows, errors, a stop.

Not shown here, since the stand-in cannot: counts of changed rows, ALTER TABLE ADD COLUMNS.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from databricks import sql as connector

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.databricks import DatabricksConnector, DatabricksSession
from dataflow_provider.connectors.jobs import JobSession, JobState
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from tests.engines.databricks import DatabricksServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engine-databricks")
OPTIONS = SessionOptions(Holder("flights", "load"))
CONNECTOR = DatabricksConnector()


@pytest.fixture(scope="module")
def server(databricks_server: DatabricksServer) -> Iterator[DatabricksServer]:
    databricks_server.query("CREATE SCHEMA sessions")
    yield databricks_server.with_schema("sessions")
    databricks_server.query("DROP SCHEMA sessions CASCADE")


@pytest.fixture
def session(server: DatabricksServer) -> Iterator[DatabricksSession]:
    with CONNECTOR.open(server.spec, OPTIONS) as opened:
        opened.execute("CREATE OR REPLACE TABLE sessions.t (a INT, `B` STRING, m DECIMAL(12, 2))")
        opened.execute("INSERT INTO sessions.t VALUES (1, 'x', 1.5), (2, 'y', NULL), (3, NULL, NULL)")
        yield opened


def test_execute_counts_changed_rows_and_no_others(session: DatabricksSession) -> None:
    assert session.execute("DELETE FROM sessions.t WHERE a = 1") is not None
    assert session.execute("CREATE OR REPLACE TABLE sessions.u AS SELECT * FROM sessions.t") is None
    assert session.execute("SELECT * FROM sessions.t") is None


def test_last_job_id_is_the_query_of_the_last_statement(session: DatabricksSession) -> None:
    before = session.last_job_id
    session.execute("DELETE FROM sessions.t")
    assert session.last_job_id
    assert session.last_job_id != before


def test_fetch_rows_with_a_limit_returns_names_and_so_many_rows(session: DatabricksSession) -> None:
    names, rows = session.fetch_rows("SELECT * FROM sessions.t ORDER BY a", 2)
    assert (names, rows) == (("a", "B", "m"), [(1, "x", Decimal("1.50")), (2, "y", None)])


def test_columns_of_a_table_are_its_real_names_and_types(session: DatabricksSession) -> None:
    assert session.columns_of("`sessions`.`t`") == {"a": "int", "B": "string", "m": "decimal(12,2)"}


@pytest.mark.parametrize("table", ["`sessions`.`nope`", "`nowhere`.`t`"])
def test_columns_of_a_missing_table_are_none(session: DatabricksSession, table: str) -> None:
    assert session.columns_of(table) is None


def test_columns_of_a_query_are_told_without_running_it(session: DatabricksSession) -> None:
    described = session.columns_of_query("SELECT a AS n, m * 2 AS d, TIMESTAMP_NTZ'2020-01-01' AS ts FROM sessions.t")
    assert described == {"n": "int", "d": "decimal(23,2)", "ts": "timestamp_ntz"}


def test_transaction_of_one_statement_runs_it(session: DatabricksSession) -> None:
    with session.transaction():
        session.execute("DELETE FROM sessions.t")
    assert session.fetch_number("SELECT COUNT(*) FROM sessions.t") == 0


def test_transaction_of_two_statements_is_refused_before_the_second(session: DatabricksSession) -> None:
    with pytest.raises(TerminalError, match="DF-RUN-032"), session.transaction():
        delete_both(session)
    assert session.fetch_rows("SELECT a FROM sessions.t ORDER BY a")[1] == [(2,), (3,)]


def delete_both(session: DatabricksSession) -> None:
    for number in (1, 2):
        session.execute(f"DELETE FROM sessions.t WHERE a = {number}")


def test_read_only_session_refuses_what_writes(server: DatabricksServer, session: DatabricksSession) -> None:
    with CONNECTOR.open(server.spec, replace(OPTIONS, read_only=True)) as reading:
        assert reading.fetch_number("SELECT COUNT(*) FROM sessions.t") == 3
        for sql in (
            "DELETE FROM sessions.t",
            "WITH s AS (SELECT 1 AS a) INSERT INTO sessions.t SELECT a, '', 0 FROM s",
        ):
            with pytest.raises(TerminalError, match="DF-RUN-016"):
                reading.execute(sql)


def test_author_sql_that_leaves_the_database_is_refused(session: DatabricksSession) -> None:
    for sql in ("COPY INTO t FROM 's3://b'", "CREATE TABLE t (a INT) LOCATION 's3://b'", "SELECT reflect('a', 'b')"):
        with pytest.raises(AuthorError, match="DF-RUN-030"):
            session.execute_author_sql(sql)


@pytest.mark.parametrize(
    ("sql", "code", "said"),
    [
        ("SELECT * FROM nope", "DF-RUN-014", "42P01"),
        ("SELEC 1", "DF-RUN-015", "42601"),
        ("SELECT CAST('secret-value' AS INT)", "DF-RUN-012", "22018"),
    ],
)
def test_error_tells_the_vendors_code_and_no_value(session: DatabricksSession, sql: str, code: str, said: str) -> None:
    with pytest.raises(DataflowError) as caught:
        session.execute(sql)
    assert caught.value.code == code
    assert said in caught.value.message
    assert "secret-value" not in caught.value.message


def test_interrupt_ends_a_statement_that_would_run_for_minutes(session: DatabricksSession) -> None:
    endless = "SELECT COUNT(*) FROM range(10000000) AS a CROSS JOIN range(100000) AS b WHERE (a.id * b.id) % 7 = 3"
    began = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        began.set()
        try:
            session.execute(endless)
        except DataflowError as exc:
            failures.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    began.wait()
    while thread.is_alive():
        session.interrupt()
        thread.join(0.1)
    assert [getattr(failure, "code", "") for failure in failures] == ["DF-RUN-019"]
    assert session.fetch_number("SELECT 7") == 7


def ended(session: DatabricksSession, job: str) -> JobState:
    """Return the state of the job once it has ended; each look is a request."""
    while (state := session.job_state(job)).status == "running":
        continue
    return state


def test_statement_as_a_job_is_found_by_its_id_from_another_session(
    server: DatabricksServer, session: DatabricksSession
) -> None:
    assert isinstance(session, JobSession)
    assert session.takes_jobs()
    job = session.submit("CREATE OR REPLACE TABLE sessions.by_job AS SELECT 7 AS n")
    with CONNECTOR.open(server.spec, OPTIONS) as other:
        assert ended(other, job).status == "succeeded"
    assert session.fetch_number("SELECT n FROM sessions.by_job") == 7


def test_failed_job_tells_why(session: DatabricksSession) -> None:
    job = session.submit("CREATE OR REPLACE TABLE sessions.never AS SELECT * FROM sessions.nowhere")
    state = ended(session, job)
    assert state.status == "failed"
    assert "nowhere" in (state.message or "")


def test_cluster_takes_no_jobs(server: DatabricksServer) -> None:
    extra = {**server.spec.extra, "http_path": "/sql/protocolv1/o/0/0123-cluster"}
    with CONNECTOR.open(replace(server.spec, extra=extra), OPTIONS) as on_cluster:
        assert not on_cluster.takes_jobs()


def test_session_tells_databricks_who_asks_and_what_sql_means(
    server: DatabricksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    connect = connector.connect

    def record(*given: Any, **options: Any) -> Any:
        seen.update(options)
        return connect(*given, **options)

    monkeypatch.setattr(connector, "connect", record)
    with CONNECTOR.open(server.spec, replace(OPTIONS, settings={"use_cached_result": False})):
        pass
    assert seen["session_configuration"] == {
        "ansi_mode": "true",
        "use_cached_result": "false",
        "QUERY_TAGS": "dataflow_pipeline:flights,dataflow_stage:load",
    }
    assert seen["schema"] == "sessions"


ROWS = pyarrow.table(
    {
        "Whole": pyarrow.array([1, -2, None], pyarrow.int64()),
        "huge": pyarrow.array([Decimal("12345678901234567890.12"), None, Decimal("-0.01")], pyarrow.decimal128(38, 2)),
        "text": pyarrow.array(['it\'s \\ a "line"\n', "", None]),
        "moment": pyarrow.array([datetime(2020, 1, 1, 1, 2, 3, 456789), None, datetime(9999, 12, 31)]),
        "zoned": pyarrow.array([datetime(2020, 1, 1, tzinfo=UTC), None, None], pyarrow.timestamp("us", "UTC")),
        "bytes": pyarrow.array([b"\x00\xff", b"", None], pyarrow.binary()),
        "day": pyarrow.array([date(2024, 2, 29), None, date(1, 1, 1)]),
        "flag": pyarrow.array([True, False, None]),
        "real": pyarrow.array([0.1, float("inf"), None]),
    }
)


def test_rows_go_in_and_come_out_exact(session: DatabricksSession, tmp_path: Path) -> None:
    given, answered = tmp_path / "in.arrow", tmp_path / "out.arrow"
    with pyarrow.OSFile(str(given), "wb") as file, pyarrow.ipc.new_stream(file, ROWS.schema) as writer:
        writer.write_table(ROWS, max_chunksize=2)
    session.import_rows("`sessions`.`handed`", given)
    session.export_rows("SELECT * FROM sessions.handed", answered)
    with pyarrow.memory_map(str(answered)) as file:
        table = pyarrow.ipc.open_stream(file).read_all()
    assert sorted(table.to_pylist(), key=repr) == sorted(ROWS.to_pylist(), key=repr)
    assert table.schema.types == ROWS.schema.types


def test_export_of_more_than_a_hundred_thousand_rows_keeps_every_one(
    session: DatabricksSession, tmp_path: Path
) -> None:
    path = tmp_path / "out.arrow"
    session.export_rows("SELECT id FROM range(150000)", path)
    with pyarrow.memory_map(str(path)) as file:
        numbers = pyarrow.ipc.open_stream(file).read_all()["id"].to_pylist()
    assert sorted(numbers) == list(range(150_000))


def test_nested_values_are_handed_over_as_json(session: DatabricksSession, tmp_path: Path) -> None:
    path = tmp_path / "out.arrow"
    session.export_rows("SELECT named_struct('k', array(1, 2)) AS j", path)
    with pyarrow.memory_map(str(path)) as file:
        assert pyarrow.ipc.open_stream(file).read_all().to_pylist() == [{"j": '{"k":[1,2]}'}]


def test_open_on_a_closed_port_tells_where(server: DatabricksServer) -> None:
    port = free_port()
    extra = {**server.spec.extra, "_retry_stop_after_attempts_count": 1}
    extra["_connection_uri"] = f"http://127.0.0.1:{port}/sql/1.0/warehouses/tests"
    with (
        pytest.raises(TransientError) as caught,
        CONNECTOR.open(replace(server.spec, port=port, extra=extra), OPTIONS),
    ):
        pass
    assert caught.value.code == "DF-CONN-012"
    assert f"127.0.0.1:{port}" in caught.value.message


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (ConnectionSpec("brick", "databricks", "127.0.0.1", password="t"), "DF-CONN-015"),
        (ConnectionSpec("brick", "databricks", "127.0.0.1", extra={"http_path": "/sql/x"}), "DF-CONN-013"),
    ],
)
def test_open_without_what_a_connection_needs_is_no_transient_error(spec: ConnectionSpec, code: str) -> None:
    with pytest.raises(DataflowError) as caught, CONNECTOR.open(spec, OPTIONS):
        pass
    assert caught.value.code == code
