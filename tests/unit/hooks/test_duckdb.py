from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.hooks.connections import AirflowConnections
from dataflow_provider.hooks.duckdb import DuckDBHook


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DuckDBHook:
    connection = {"conn_type": "duckdb", "host": str(tmp_path / "x.duckdb")}
    monkeypatch.setenv("AIRFLOW_CONN_DUCKDB_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__PIPELINES_FOLDER", str(tmp_path / "yaml_pipelines"))
    return DuckDBHook()


def test_hook_runs_sql_and_returns_rows(hook: DuckDBHook) -> None:
    hook.run("CREATE TABLE t AS SELECT range AS n FROM range(5)")
    assert hook.run("DELETE FROM t WHERE n > 2") == 2
    assert hook.get_records("SELECT n FROM t ORDER BY n") == [(0,), (1,), (2,)]
    assert hook.get_records("SELECT n FROM t ORDER BY n", limit=1) == [(0,)]


def test_hook_frees_the_file_after_each_call(hook: DuckDBHook) -> None:
    with hook.session() as session:
        session.execute("CREATE TABLE t (n INTEGER)")
    with hook.session(read_only=True) as first, hook.session(read_only=True) as second:
        assert first.fetch_number("SELECT count(*) FROM t") == second.fetch_number("SELECT count(*) FROM t") == 0


def test_hook_keeps_sql_away_from_other_files(hook: DuckDBHook, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_text("password\nhunter2\n")
    with pytest.raises(DataflowError, match="secret"):
        hook.get_records(f"SELECT * FROM read_csv('{secret}')")


def test_hook_tests_its_connection(hook: DuckDBHook) -> None:
    assert hook.test_connection() == (True, "The database opened and answered.")


def test_hook_tells_why_its_connection_does_not_work(hook: DuckDBHook, tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("this is no database")
    works, message = hook.test_connection()
    assert not works
    assert "x.duckdb" in message


def test_hook_has_no_bare_connection(hook: DuckDBHook) -> None:
    with pytest.raises(NotImplementedError, match="session"):
        hook.get_conn()


def test_airflow_connection_is_taken_with_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DWH", "postgres://me:s%40cret@db.example:5433/sales?sslmode=require")
    spec = AirflowConnections().get("dwh")
    assert (spec.conn_type, spec.host, spec.port, spec.schema) == ("postgres", "db.example", 5433, "sales")
    assert (spec.login, spec.password, dict(spec.extra)) == ("me", "s@cret", {"sslmode": "require"})
    assert "s@cret" not in repr(spec)


def test_airflow_connection_that_is_missing_says_how_to_define_it() -> None:
    with pytest.raises(AuthorError, match="AIRFLOW_CONN_NOWHERE"):
        AirflowConnections().get("nowhere")
