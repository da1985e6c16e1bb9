"""Stages: what they leave behind, find again, count, hand over and say when they fail."""

from __future__ import annotations

import gzip
import logging
import os
import signal
import threading
from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.impl.duckdb import DuckDBSession
from dataflow_provider.errors import AuthorError, TerminalError
from dataflow_provider.execution.stage import run_stage
from tests.unit.execution.conftest import Workplace, run_values

TWO_STAGES = """
src: {type: source.duckdb, table: s}
good: {type: transform.filter, from: src, where: id > 1%s}
a: {type: target.duckdb, from: good, table: a, write: {mode: overwrite}, create: {if_missing: true}}
b: {type: target.duckdb, from: good.rejected, table: b, write: {mode: overwrite}, create: {if_missing: true}}
"""
STAGE_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'df_%' ORDER BY 1"


@pytest.fixture
def fed(workplace: Workplace) -> Workplace:
    workplace.sql("CREATE TABLE s AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL)) AS x(id, v)")
    return workplace


def test_counts_every_node_once_and_hold_together(fed: Workplace) -> None:
    result = fed.run_ok(fed.plan(TWO_STAGES % ""))
    counts = {node.id: (node.rows_in, node.rows_out, node.rows_rejected) for node in result.nodes}
    assert counts == {"src": (None, 3, None), "good": (None, 2, 1), "a": (2, 2, None), "b": (1, 1, None)}
    assert result.state == "success"


def test_stage_tables_go_with_their_last_reader(fed: Workplace) -> None:
    plan = fed.plan(TWO_STAGES % "")
    fed.run_stage(plan, "good")
    assert len(fed.sql(STAGE_TABLES)) == 2
    fed.run_stage(plan, "a")
    assert len(fed.sql(STAGE_TABLES)) == 1
    fed.run_stage(plan, "b")
    assert fed.sql(STAGE_TABLES) == []
    assert fed.sql("FROM _dataflow.stage_tables") == []


def test_checkpoint_is_kept_for_seven_days(fed: Workplace) -> None:
    plan = fed.plan(TWO_STAGES % ", checkpoint: true")
    fed.run_ok(plan)
    kept = fed.sql(STAGE_TABLES)
    assert len(kept) == 2
    older = (
        "UPDATE _dataflow.stage_tables "
        "SET created_at = STRFTIME(created_at::TIMESTAMP - %s, '%%Y-%%m-%%dT%%H:%%M:%%SZ')"
    )
    fed.sql(older % "INTERVAL 6 DAY")
    fed.run_ok(plan, "r2")
    assert len(fed.sql(STAGE_TABLES)) == 4
    fed.sql(older % "INTERVAL 2 DAY" + " WHERE run_id = 'r1'")
    fed.run_ok(plan, "r3")
    assert set(kept).isdisjoint(fed.sql(STAGE_TABLES))


def test_lost_input_is_computed_again(fed: Workplace, caplog: pytest.LogCaptureFixture) -> None:
    plan = fed.plan(TWO_STAGES % "")
    fed.run_stage(plan, "good")
    for (table,) in fed.sql(STAGE_TABLES):
        fed.sql(f'DROP TABLE _dataflow."{table}"')
    with caplog.at_level(logging.INFO):
        assert fed.run_stage(plan, "a").nodes[-1].rows_out == 2
    assert "computing them again" in caplog.text
    assert fed.sql("SELECT id FROM a ORDER BY id") == [(2,), (3,)]


def test_stage_run_before_its_upstream_computes_it(fed: Workplace) -> None:
    assert fed.run_stage(fed.plan(TWO_STAGES % ""), "b").nodes[-1].rows_out == 1


def test_log_has_a_line_per_stage_and_no_row_values(fed: Workplace, caplog: pytest.LogCaptureFixture) -> None:
    fed.sql("INSERT INTO s VALUES (4, 'top secret')")
    with caplog.at_level(logging.INFO):
        fed.run_ok(fed.plan(TWO_STAGES % ""))
    stages = [record.getMessage() for record in caplog.records if record.getMessage().startswith("stage=")]
    assert len(stages) == 3
    assert all("seconds=" in line and "rows_out=" in line for line in stages)
    assert "secret" not in caplog.text


def test_failed_stage_stops_its_dependents_only(fed: Workplace) -> None:
    fed.sql("CREATE TABLE a (other INTEGER)")
    result = fed.run(fed.plan(TWO_STAGES % ""))
    assert result.state == "failed"
    assert list(result.errors) == ["a"]
    assert fed.sql("SELECT id FROM b") == [(1,)]
    broken = fed.run(fed.plan(TWO_STAGES.replace("table: s", "table: missing") % ""))
    assert list(broken.errors) == ["good"]
    assert broken.skipped == ("a", "b")


def test_missing_source_table_names_the_node(fed: Workplace) -> None:
    error = fed.run(fed.plan(TWO_STAGES.replace("table: s", "table: missing") % "")).errors["good"]
    assert isinstance(error, CompileError)
    assert error.place.node == "src"
    assert "missing" in error.message


def test_failing_cast_is_terminal_without_the_value(fed: Workplace) -> None:
    text = "src: {type: source.duckdb, query: 'SELECT CAST(v AS INTEGER) AS n FROM s'}\n"
    text += "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n"
    error = fed.run(fed.plan(text)).errors["t"]
    assert isinstance(error, TerminalError)
    assert error.code == "DF-RUN-012"
    assert "'a'" not in str(error)
    assert fed.sql(STAGE_TABLES) == []


def test_connection_of_another_type_is_refused(fed: Workplace) -> None:
    plan = fed.plan(TWO_STAGES.replace("table: s", "table: s, connection: c") % "")
    connections = fed.connections(c='{"conn_type": "postgres", "host": "localhost"}')
    with pytest.raises(AuthorError, match="DF-RUN-051"):
        run_stage(plan, plan.stages[0].id, run_values("r1"), connections, fed.project())


def test_session_setting_outside_the_list_is_refused(fed: Workplace) -> None:
    plan = fed.plan(TWO_STAGES.replace("table: s", "table: s, session: {enable_external_access: true}") % "")
    error = fed.run(plan).errors["good"]
    assert error.code == "DF-CONN-004"


def test_session_settings_hold_in_the_node(fed: Workplace) -> None:
    text = "src: {type: source.duckdb, query: \"SELECT current_setting('threads') AS n\", session: {threads: 1}}\n"
    text += "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n"
    fed.run_ok(fed.plan(text))
    assert fed.sql("FROM t") == [(1,)]


def test_rows_are_handed_over_between_connections(fed: Workplace) -> None:
    text = """
    src: {type: source.duckdb, table: s, connection: one}
    t: {type: target.duckdb, from: src, table: t, connection: two, write: {mode: overwrite}, create: {if_missing: true}}
    """
    plan, other = fed.plan(text), fed.root / "other.duckdb"
    connections = fed.connections(
        one=f'{{"conn_type": "duckdb", "host": "{fed.warehouse}"}}', two=f'{{"conn_type": "duckdb", "host": "{other}"}}'
    )
    for _ in range(2):
        for stage in plan.stages:
            run_stage(plan, stage.id, run_values("r1"), connections, fed.project())
    assert fed.sql("FROM t ORDER BY id", database=other) == [(1, "a"), (2, "b"), (3, None)]
    assert fed.sql(STAGE_TABLES) == fed.sql(STAGE_TABLES, database=other) == []


# ---------------------------------------------------------------- files

FILES = """
src: {type: source.duckdb, table: s}
t: {type: target.file, from: src, path: out/%s, format: csv, write: {mode: %s}}
"""


def test_file_append_writes_one_part_per_run(fed: Workplace) -> None:
    plan = fed.plan(FILES % ("parts", "append"))
    fed.run_ok(plan, "r1")
    fed.run_ok(plan, "r1")
    fed.run_ok(plan, "r2")
    parts = sorted((fed.root / "out" / "parts").iterdir())
    assert len(parts) == 2
    assert parts[0].read_text() == "id,v\n1,a\n2,b\n3,\n"


def test_file_overwrite_replaces_the_file_and_empty_input_leaves_the_header(fed: Workplace) -> None:
    plan = fed.plan(FILES % ("t.csv.gz", "overwrite"))
    fed.run_ok(plan)
    path = fed.root / "out" / "t.csv.gz"
    assert gzip.decompress(path.read_bytes()).decode().splitlines()[1] == "1,a"
    fed.sql("DELETE FROM s")
    result = fed.run_ok(plan, "r2")
    assert gzip.decompress(path.read_bytes()) == b"id,v\n"
    assert result.nodes[-1].rows_out == 0
    assert [file.name for file in path.parent.iterdir()] == ["t.csv.gz"]


def test_file_overwrite_that_fails_keeps_the_old_file(fed: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fed.plan(FILES % ("t.csv", "overwrite"))
    fed.run_ok(plan)
    old = (fed.root / "out" / "t.csv").read_text()

    def no_rename(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    fed.sql("INSERT INTO s VALUES (4, 'd')")
    monkeypatch.setattr("dataflow_provider.connectors.impl.file.os.replace", no_rename)
    assert fed.run(plan, "r2").errors["t"].code == "DF-FILE-012"
    assert [file.name for file in (fed.root / "out").iterdir()] == ["t.csv"]
    assert (fed.root / "out" / "t.csv").read_text() == old


def test_file_glob_without_a_match_is_an_error(fed: Workplace) -> None:
    text = "src: {type: source.file, path: in/*.csv, format: csv}\n"
    text += "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n"
    error = fed.run(fed.plan(text)).errors["t"]
    assert (error.code, error.place.node) == ("DF-FILE-010", "src")


def test_file_link_out_of_the_roots_is_refused(fed: Workplace, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.csv"
    outside.write_text("a\n1\n")
    (fed.root / "in").mkdir()
    (fed.root / "in" / "x.csv").symlink_to(outside)
    text = "src: {type: source.file, path: in/*.csv, format: csv}\n"
    text += "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n"
    assert fed.run(fed.plan(text)).errors["t"].code == "DF-FILE-002"


# ---------------------------------------------------------------- interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_statement_and_leaves_the_target(
    fed: Workplace, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one = DuckDBSession._run

    def signalled(self: DuckDBSession, sql: str) -> Any:
        if sql.startswith("CREATE OR REPLACE TABLE"):
            threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        return run_one(self, sql)

    def refuse(signal_number: int, frame: object) -> None:
        raise KeyboardInterrupt

    fed.sql("CREATE TABLE t AS SELECT 7 AS n")
    text = "src: {type: source.duckdb, query: 'SELECT COUNT(*) AS n FROM range(1000000000) a, range(1000000) b'}\n"
    plan = fed.plan(text + "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}}\n")
    monkeypatch.setattr(DuckDBSession, "_run", signalled)
    before = signal.signal(number, refuse)
    try:
        with pytest.raises(KeyboardInterrupt):
            fed.run(plan)
    finally:
        signal.signal(number, before)
    assert fed.sql("FROM t") == [(7,)]
    assert fed.sql(STAGE_TABLES) == []
