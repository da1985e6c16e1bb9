"""Incremental reads: what each run reads, when the watermark moves, and what a retry reads."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError
from dataflow_provider.execution import incremental
from dataflow_provider.execution.incremental import freeze_windows, watermark_of
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.execution.watermarks import FileWatermarks
from dataflow_provider.spec.findings import Problem
from tests.unit.execution.conftest import Workplace, run_values

APPEND = "write: {mode: append}, create: {if_missing: true}"
ONE = (
    "src: {type: source.duckdb, table: s, incremental: {column: %s%s}}\n"
    f"t: {{type: target.duckdb, from: src, table: t, {APPEND}}}\n"
)
TWO = (
    "src: {type: source.duckdb, table: s, incremental: {column: id}}\n"
    f"a: {{type: target.duckdb, from: src, table: a, {APPEND}}}\n"
    f"b: {{type: target.duckdb, from: src, table: b, {APPEND}, pre_sql: [INSERT INTO missing VALUES (1)]}}\n"
)


@dataclass
class Runs:
    """Runs of one pipeline as the command line makes them."""

    workplace: Workplace
    remarks: list[Problem] = field(default_factory=list)

    @property
    def store(self) -> FileWatermarks:
        return FileWatermarks.of(self.workplace.project(), "p")

    def run(self, plan: Plan, run_id: str) -> RunResult:
        place = self.workplace
        values, self.remarks = freeze_windows(
            plan, run_values(run_id), place.connections(), place.project(), self.store
        )
        return run_pipeline(plan, values, place.connections(), place.project(), store=self.store)

    def ok(self, plan: Plan, run_id: str) -> None:
        for error in self.run(plan, run_id).errors.values():
            raise error

    def watermark(self) -> Any:
        mark = watermark_of(self.store, "src")
        return None if mark is None else mark.value

    def rows(self, query: str) -> list[Any]:
        return [row[0] for row in self.workplace.sql(query)]


@pytest.fixture
def runs(workplace: Workplace) -> Runs:
    workplace.sql(
        "CREATE TABLE s (id INTEGER, seen TIMESTAMP)", "INSERT INTO s VALUES (1, '2026-01-01'), (2, '2026-01-02')"
    )
    return Runs(workplace)


def plan_of(runs: Runs, column: str = "id", more: str = "", text: str = ONE) -> Plan:
    return runs.workplace.plan(text % (column, more) if text is ONE else text)


def test_second_run_reads_what_came_since(runs: Runs) -> None:
    plan = plan_of(runs)
    runs.ok(plan, "r1")
    runs.workplace.sql("INSERT INTO s VALUES (2, NULL), (3, NULL), (4, NULL)")
    runs.ok(plan, "r2")
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2, 3, 4]
    assert runs.watermark() == 4


def test_same_run_id_reads_the_same_rows_again(runs: Runs) -> None:
    plan = plan_of(runs)
    runs.ok(plan, "r1")
    runs.workplace.sql("INSERT INTO s VALUES (3, NULL)")
    runs.ok(plan, "r1")
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2]
    runs.ok(plan, "r2")
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2, 3]


def test_retry_of_an_old_run_never_moves_the_watermark_back(runs: Runs) -> None:
    plan = plan_of(runs)
    runs.ok(plan, "r1")
    runs.workplace.sql("INSERT INTO s VALUES (3, NULL)")
    runs.ok(plan, "r2")
    runs.ok(plan, "r1")
    assert runs.watermark() == 3


def test_initial_is_read_with_its_own_value(runs: Runs) -> None:
    runs.ok(plan_of(runs, "seen", ", initial: 2026-01-02"), "r1")
    assert runs.rows("SELECT id FROM t") == [2]


@pytest.mark.parametrize("more", ["", ", initial: 10"])
def test_empty_source_keeps_the_watermark(runs: Runs, more: str) -> None:
    runs.workplace.sql("INSERT INTO s VALUES (10, NULL)")
    plan = plan_of(runs, more=more)
    runs.ok(plan, "r1")
    runs.workplace.sql("DELETE FROM s")
    runs.ok(plan, "r2")
    assert runs.watermark() == 10
    runs.workplace.sql("INSERT INTO s VALUES (5, NULL), (11, NULL)")
    runs.ok(plan, "r3")
    assert runs.rows("SELECT max(id) FROM t") == [11]
    assert 5 not in runs.rows("SELECT id FROM t")


def test_source_that_was_never_filled_has_no_watermark(runs: Runs) -> None:
    runs.workplace.sql("DELETE FROM s")
    runs.ok(plan_of(runs), "r1")
    assert runs.watermark() is None
    assert runs.rows("SELECT count(*) FROM t") == [0]


def test_lookback_reads_late_rows_with_the_bound_itself(runs: Runs) -> None:
    text = (
        "src: {type: source.duckdb, table: s, incremental: {column: seen, lookback: 1d}}\n"
        "t: {type: target.duckdb, from: src, table: t, write: {mode: upsert, keys: [id]}, create: {if_missing: true}}\n"
    )
    plan = plan_of(runs, text=text)
    runs.ok(plan, "r1")
    runs.workplace.sql("DELETE FROM t", "INSERT INTO s VALUES (7, '2026-01-01 12:00'), (8, '2025-12-31 23:59')")
    runs.ok(plan, "r2")
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2, 7]


def test_rows_without_a_value_are_counted_and_never_read(runs: Runs) -> None:
    runs.workplace.sql("INSERT INTO s VALUES (NULL, NULL), (NULL, NULL)")
    runs.ok(plan_of(runs), "r1")
    assert runs.rows("SELECT count(*) FROM t") == [2]
    assert [(one.code, one.severity.value) for one in runs.remarks] == [("DF-RUN-085", "warning")]
    assert "2 rows" in runs.remarks[0].message


def test_watermark_waits_for_every_target_and_the_retry_completes(runs: Runs) -> None:
    plan = plan_of(runs, text=TWO)
    assert set(runs.run(plan, "r1").errors) == {"b"}
    assert runs.watermark() is None
    runs.workplace.sql("CREATE TABLE missing (n INTEGER)", "INSERT INTO s VALUES (3, NULL)")
    runs.ok(plan, "r1")
    assert runs.watermark() == 2
    assert runs.rows("SELECT id FROM a ORDER BY id") == runs.rows("SELECT id FROM b ORDER BY id") == [1, 2]


def test_killed_between_publish_and_watermark_the_retry_gives_the_same_rows(runs: Runs) -> None:
    plan = plan_of(runs)

    def die(*given: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        with patch("dataflow_provider.execution.pipeline.note_published", die):
            runs.run(plan, "r1")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2]
    assert runs.watermark() is None
    runs.workplace.sql("INSERT INTO s VALUES (3, NULL)")
    runs.ok(plan, "r1")
    assert runs.rows("SELECT id FROM t ORDER BY id") == [1, 2]
    assert runs.watermark() == 2


def test_other_column_than_the_watermarks_is_refused(runs: Runs) -> None:
    runs.ok(plan_of(runs), "r1")
    with pytest.raises(TerminalError, match=r"is of column `id`.*`seen`"):
        runs.run(plan_of(runs, "seen"), "r2")


@pytest.mark.parametrize(
    ("column", "more", "code"),
    [
        ("id", ", lookback: 1h", "DF-RUN-083"),
        ("id", ", initial: 2026-01-01", "DF-RUN-083"),
        ("seen", ", initial: soon", "DF-RUN-083"),
        ("f", "", "DF-RUN-081"),
    ],
)
def test_what_makes_no_watermark_is_refused_before_a_row_moves(runs: Runs, column: str, more: str, code: str) -> None:
    runs.workplace.sql("ALTER TABLE s ADD COLUMN f DOUBLE")
    text = ONE.replace("mode: append", "mode: overwrite") % (column, more)
    with pytest.raises(AuthorError) as caught:
        runs.run(plan_of(runs, text=text), "r1")
    assert caught.value.code == code
    assert runs.rows("SELECT count(*) FROM information_schema.tables WHERE table_name = 't'") == [0]


def test_stage_without_a_window_never_reads_everything(runs: Runs) -> None:
    with pytest.raises(DataflowError) as caught:
        runs.workplace.run_ok(plan_of(runs))
    assert caught.value.code == "DF-RUN-080"


def test_runs_of_long_ago_are_forgotten(runs: Runs) -> None:
    plan = plan_of(runs)
    with patch.object(incremental, "KEPT_RUNS", 2):
        for number in range(4):
            runs.ok(plan, f"r{number}")
    kept = runs.store.nodes()["src"]
    assert sorted(key.split(".")[0] for key in kept) == [
        "forgotten", "published", "published", "runs", "watermark", "window", "window",
    ]  # fmt: skip


def test_run_of_long_ago_is_not_tried_again_with_other_rows(runs: Runs) -> None:
    plan, place = plan_of(runs), runs.workplace
    with patch.object(incremental, "KEPT_RUNS", 1):
        runs.ok(plan, "r1")
        runs.ok(plan, "r2")
    with pytest.raises(AuthorError) as caught:
        freeze_windows(plan, run_values("r1"), place.connections(), place.project(), runs.store, again=True)
    assert caught.value.code == "DF-RUN-087"


def test_reset_while_a_run_is_at_work_is_not_undone_by_it(runs: Runs) -> None:
    plan, place = plan_of(runs), runs.workplace
    values, _ = freeze_windows(plan, run_values("r1"), place.connections(), place.project(), runs.store)
    runs.store.replace("src", {})
    run_pipeline(plan, values, place.connections(), place.project(), store=runs.store)
    assert runs.watermark() is None


def test_file_that_is_no_watermark_file_stops_the_run(runs: Runs) -> None:
    runs.ok(plan_of(runs), "r1")
    runs.store.path.write_text("{")
    with pytest.raises(TerminalError) as caught:
        runs.run(plan_of(runs), "r2")
    assert caught.value.code == "DF-RUN-084"
