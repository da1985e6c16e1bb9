"""What each write mode leaves in the target, on first runs, later runs and retries."""

from __future__ import annotations

from datetime import datetime

import pytest

from dataflow_provider.errors import AuthorError, DataflowError, TerminalError
from dataflow_provider.execution.results import RunResult
from tests.unit.execution.conftest import Workplace

SOURCE = "src: {type: source.duckdb, table: s}\n"


def target(write: str, **more: str) -> str:
    fields = {"from": "src", "table": "mart.t", "write": write, **more}
    return SOURCE + "t:\n  type: target.duckdb\n" + "".join(f"  {key}: {value}\n" for key, value in fields.items())


def feed(work: Workplace, rows: str, columns: str = "id, v") -> None:
    work.sql(f"CREATE OR REPLACE TABLE s AS SELECT * FROM (VALUES {rows}) AS x({columns})")


def error_of(result: RunResult) -> DataflowError:
    assert result.state == "failed"
    return next(iter(result.errors.values()))


def test_append_retried_run_adds_its_rows_once(workplace: Workplace) -> None:
    feed(workplace, "(1, 'a'), (2, 'b'), (2, 'b')")
    plan = workplace.plan(target("{mode: append}", create="{if_missing: true}"))
    workplace.run_ok(plan)
    result = workplace.run_ok(plan)
    workplace.run_ok(plan, "r2")
    rows = workplace.sql("SELECT _run_id, COUNT(*) FROM mart.t GROUP BY 1 ORDER BY 1")
    assert rows == [("r1/w/p/t", 3), ("r2/w/p/t", 3)]
    assert [(node.rows_in, node.rows_out) for node in result.nodes if node.id == "t"] == [(3, 3)]


def test_append_two_pipelines_with_one_run_id_keep_each_others_rows(workplace: Workplace) -> None:
    feed(workplace, "(1, 'a')")
    first = workplace.plan(target("{mode: append}", create="{if_missing: true}"), "first")
    second = workplace.plan(target("{mode: append}"), "second")
    for plan in (first, second, first):
        workplace.run_ok(plan, "scheduled__2026-01-01T00:00:00+00:00")
    assert workplace.sql("SELECT COUNT(*) FROM mart.t") == [(2,)]


def test_append_without_run_id_column_warns_of_at_least_once(workplace: Workplace) -> None:
    feed(workplace, "(1, 'a')")
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t (id INTEGER, v VARCHAR)")
    result = workplace.run_ok(workplace.plan(target("{mode: append}")))
    assert [problem.code for stage in result.stages for problem in stage.problems] == ["DF-WRITE-010"]
    assert workplace.sql("FROM mart.t") == [(1, "a")]


def test_append_with_own_run_id_column_uses_it(workplace: Workplace) -> None:
    feed(workplace, "(1, 'a')")
    plan = workplace.plan(target("{mode: append, run_id_column: loaded_by}", create="{if_missing: true}"))
    workplace.run_ok(plan)
    workplace.run_ok(plan)
    assert workplace.sql("SELECT id, v, loaded_by FROM mart.t") == [(1, "a", "r1/w/p/t")]


def test_overwrite_replaces_everything_and_empty_input_empties(workplace: Workplace) -> None:
    plan = workplace.plan(target("{mode: overwrite}", create="{if_missing: true}"))
    feed(workplace, "(1, 'a'), (2, 'b')")
    workplace.run_ok(plan)
    feed(workplace, "(3, 'c')")
    workplace.run_ok(plan, "r2")
    assert workplace.sql("FROM mart.t") == [(3, "c")]
    workplace.sql("DELETE FROM s")
    workplace.run_ok(plan, "r3")
    assert workplace.sql("FROM mart.t") == []


def test_upsert_without_unique_index_updates_and_inserts(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v UNION ALL SELECT 9, 'stays'")
    feed(workplace, "(1, 'new'), (2, 'b')")
    plan = workplace.plan(target("{mode: upsert, keys: [ID]}"))
    for _ in range(2):
        workplace.run_ok(plan)
        assert workplace.sql("FROM mart.t ORDER BY id") == [(1, "new"), (2, "b"), (9, "stays")]


def test_upsert_with_update_columns_leaves_the_other_columns(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v, 'first' AS w")
    feed(workplace, "(1, 'new', 'second'), (2, 'b', 'c')", "id, v, w")
    workplace.run_ok(workplace.plan(target("{mode: upsert, keys: [id], update_columns: [v]}")))
    assert workplace.sql("FROM mart.t ORDER BY id") == [(1, "new", "first"), (2, "b", "c")]


def test_upsert_of_keys_alone_inserts_the_missing(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id")
    feed(workplace, "(1), (2)", "id")
    workplace.run_ok(workplace.plan(target("{mode: upsert, keys: [id]}")))
    assert workplace.sql("FROM mart.t ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("mode", ["upsert", "merge", "delete_insert"])
def test_keyed_modes_refuse_null_keys_before_the_target_is_touched(workplace: Workplace, mode: str) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v")
    feed(workplace, "(1, 'new'), (NULL, 'x'), (NULL, 'y')")
    error = error_of(workplace.run(workplace.plan(target(f"{{mode: {mode}, keys: [id]}}"))))
    assert isinstance(error, TerminalError)
    assert (error.code, error.place.node) == ("DF-RUN-040", "t")
    assert "2 rows" in error.message
    assert "NULL" in error.message
    assert workplace.sql("FROM mart.t") == [(1, "old")]


@pytest.mark.parametrize("mode", ["upsert", "merge"])
def test_keyed_modes_refuse_duplicate_keys(workplace: Workplace, mode: str) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v")
    feed(workplace, "(1, 'new'), (1, 'newer'), (2, 'b')")
    error = error_of(workplace.run(workplace.plan(target(f"{{mode: {mode}, keys: [id]}}"))))
    assert "2 rows" in error.message
    assert "`write.dedupe.order_by`" in error.message
    assert workplace.sql("FROM mart.t") == [(1, "old")]


def test_dedupe_first_row_in_the_order_wins_and_nulls_come_last(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t (id INTEGER, v VARCHAR, n INTEGER)")
    feed(workplace, "(1, 'null', NULL), (1, 'five', 5), (1, 'seven', 7), (2, 'only', NULL)", "id, v, n")
    workplace.run_ok(workplace.plan(target("{mode: upsert, keys: [id], dedupe: {order_by: [n DESC]}}")))
    assert workplace.sql("SELECT id, v FROM mart.t ORDER BY id") == [(1, "seven"), (2, "only")]


def test_merge_delete_when_speaks_of_the_incoming_row(workplace: Workplace) -> None:
    workplace.sql(
        "CREATE SCHEMA mart",
        "CREATE TABLE mart.t (id INTEGER, v VARCHAR, op VARCHAR)",
        "INSERT INTO mart.t VALUES (1, 'x', 'D'), (2, 'x', 'I'), (9, 'absent', 'D')",
    )
    feed(workplace, "(1, 'a', 'U'), (2, 'b', 'D'), (3, 'c', 'D'), (4, 'd', NULL)", "id, v, op")
    plan = workplace.plan(target("{mode: merge, keys: [id], delete_when: \"op = 'D'\"}"))
    for _ in range(2):
        workplace.run_ok(plan)
        assert workplace.sql("FROM mart.t ORDER BY id") == [(1, "a", "U"), (4, "d", None), (9, "absent", "D")]


def test_delete_insert_by_keys_replaces_all_rows_of_the_keys_present(workplace: Workplace) -> None:
    workplace.sql(
        "CREATE SCHEMA mart",
        "CREATE TABLE mart.t AS SELECT * FROM (VALUES (1, 'x'), (1, 'y'), (2, 'stays')) AS v(id, v)",
    )
    feed(workplace, "(1, 'a'), (1, 'a'), (3, 'c')")
    plan = workplace.plan(target("{mode: delete_insert, keys: [id]}"))
    for _ in range(2):
        workplace.run_ok(plan)
        assert workplace.sql("FROM mart.t ORDER BY ALL") == [(1, "a"), (1, "a"), (2, "stays"), (3, "c")]


def test_delete_insert_by_window_replaces_the_interval_end_exclusive(workplace: Workplace) -> None:
    workplace.sql(
        "CREATE SCHEMA mart",
        "CREATE TABLE mart.t (d DATE, v VARCHAR)",
        "INSERT INTO mart.t VALUES ('2026-01-01', 'old'), ('2026-01-02', 'next')",
    )
    feed(workplace, "(DATE '2026-01-01', 'new'), (DATE '2026-01-01', 'more')", "d, v")
    plan = workplace.plan(target("{mode: delete_insert, window: {column: d}}"))
    for _ in range(2):
        workplace.run_ok(plan, start=datetime(2026, 1, 1), end=datetime(2026, 1, 2))
        assert workplace.sql("SELECT v FROM mart.t ORDER BY v") == [("more",), ("new",), ("next",)]


@pytest.mark.parametrize("outside", ["DATE '2026-01-02'", "DATE '2025-12-31'", "NULL"])
def test_delete_insert_by_window_refuses_rows_outside_it(workplace: Workplace, outside: str) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT DATE '2026-01-01' AS d, 'old' AS v")
    feed(workplace, f"(DATE '2026-01-01', 'new'), ({outside}, 'late')", "d, v")
    plan = workplace.plan(target("{mode: delete_insert, window: {column: d}}"))
    error = error_of(workplace.run(plan, start=datetime(2026, 1, 1), end=datetime(2026, 1, 2)))
    assert "1 rows" in error.message
    assert workplace.sql("SELECT v FROM mart.t") == [("old",)]


def test_delete_insert_by_window_without_an_interval_is_refused(workplace: Workplace) -> None:
    feed(workplace, "(DATE '2026-01-01', 'new')", "d, v")
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS FROM s")
    error = error_of(workplace.run(workplace.plan(target("{mode: delete_insert, window: {column: d}}"))))
    assert error.code == "DF-WRITE-003"


def test_missing_target_is_refused_with_what_to_do(workplace: Workplace) -> None:
    feed(workplace, "(1, 'a')")
    error = error_of(workplace.run(workplace.plan(target("{mode: append}"))))
    assert isinstance(error, AuthorError)
    assert (error.code, error.place.node) == ("DF-WRITE-004", "t")
    assert "if_missing" in str(error)


def test_columns_only_in_the_target_get_their_default(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t (v VARCHAR, id INTEGER, n INTEGER, d VARCHAR DEFAULT 'x')")
    feed(workplace, "(1, 'a')")
    workplace.run_ok(workplace.plan(target("{mode: overwrite}")))
    assert workplace.sql("FROM mart.t") == [("a", 1, None, "x")]


@pytest.mark.parametrize(
    ("columns", "rows", "named"),
    [("id, v, extra", "(1, 'a', 1)", "`extra`"), ("id, v", "('one', 'a')", "`id`"), ("id, v", "(1.5, 'a')", "`id`")],
)
def test_drift_fail_names_the_column_and_touches_nothing(
    workplace: Workplace, columns: str, rows: str, named: str
) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v")
    feed(workplace, rows, columns)
    error = error_of(workplace.run(workplace.plan(target("{mode: overwrite}"))))
    assert error.code == "DF-WRITE-006"
    assert named in error.message
    assert workplace.sql("FROM mart.t") == [(1, "old")]


def test_drift_ignore_leaves_new_columns_out_and_says_so(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t (id INTEGER, v VARCHAR)")
    feed(workplace, "('7', 'a', 1)", "id, v, extra")
    result = workplace.run_ok(workplace.plan(target("{mode: overwrite}", on_schema_drift="ignore")))
    assert workplace.sql("FROM mart.t") == [(7, "a")]
    assert [problem.code for stage in result.stages for problem in stage.problems] == ["DF-WRITE-011"]


def test_drift_add_adds_new_columns_and_still_refuses_lossy_types(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v")
    feed(workplace, "(2, 'b', DATE '2026-01-01')", "id, v, day")
    plan = workplace.plan(target("{mode: upsert, keys: [id]}", on_schema_drift="add"))
    for _ in range(2):
        workplace.run_ok(plan)
    assert workplace.sql("SELECT id, v, CAST(day AS VARCHAR) FROM mart.t ORDER BY id") == [
        (1, "old", None), (2, "b", "2026-01-01"),
    ]  # fmt: skip
    feed(workplace, "('x', 'b', DATE '2026-01-01')", "id, v, day")
    assert error_of(workplace.run(plan, "r2")).code == "DF-WRITE-006"


def test_sum_of_integers_fits_a_bigint_column(workplace: Workplace) -> None:
    workplace.sql("CREATE SCHEMA mart", "CREATE TABLE mart.t (id INTEGER, v BIGINT)")
    feed(workplace, "(1, 2), (1, 3)")
    text = SOURCE + (
        "a: {type: transform.aggregate, from: src, group_by: [id], aggregates: {v: SUM(v)}}\n"
        "t: {type: target.duckdb, from: a, table: mart.t, write: {mode: overwrite}}\n"
    )
    workplace.run_ok(workplace.plan(text))
    assert workplace.sql("FROM mart.t") == [(1, 5)]


def test_hooks_run_in_order_and_a_failing_one_inside_rolls_back(workplace: Workplace) -> None:
    workplace.sql(
        "CREATE SCHEMA mart", "CREATE TABLE mart.t AS SELECT 1 AS id, 'old' AS v", "CREATE TABLE log (m VARCHAR)"
    )
    feed(workplace, "(2, 'new')")
    plan = workplace.plan(
        target(
            "{mode: overwrite}",
            pre_sql="[\"INSERT INTO log SELECT 'before ' || COUNT(*) FROM mart.t\"]",
            post_sql='["INSERT INTO log SELECT \'after \' || MAX(id) FROM mart.t", "INSERT INTO nowhere VALUES (1)"]',
        )
    )
    error = error_of(workplace.run(plan))
    assert error.code == "DF-RUN-014"
    assert workplace.sql("FROM mart.t") == [(1, "old")]
    workplace.sql("CREATE TABLE nowhere (n INTEGER)")
    workplace.run_ok(plan)
    assert workplace.sql("FROM log") == [("before 1",), ("after 2",)]


def test_failing_hook_outside_says_that_the_data_is_published(workplace: Workplace) -> None:
    feed(workplace, "(2, 'new')")
    hook = '[{sql: "INSERT INTO nowhere VALUES (1)", in_transaction: false}]'
    plan = workplace.plan(target("{mode: overwrite}", create="{if_missing: true}", post_sql=hook))
    error = error_of(workplace.run(plan))
    assert "is published" in str(error)
    assert workplace.sql("FROM mart.t") == [(2, "new")]


def test_hook_that_makes_the_target_comes_before_it_is_looked_at(workplace: Workplace) -> None:
    feed(workplace, "(2, 'new')")
    workplace.sql("CREATE SCHEMA mart")
    hook = '["CREATE TABLE IF NOT EXISTS mart.t (id INTEGER, v VARCHAR, w INTEGER DEFAULT 5)"]'
    workplace.run_ok(workplace.plan(target("{mode: overwrite}", pre_sql=hook)))
    assert workplace.sql("FROM mart.t") == [(2, "new", 5)]


@pytest.mark.parametrize(
    "statement", ["ATTACH ':memory:' AS m", "COPY s TO 'x.csv'", "SET threads = 1", "DELETE FROM s; SELECT 1"]
)
def test_hook_that_could_leave_the_database_is_refused(workplace: Workplace, statement: str) -> None:
    feed(workplace, "(2, 'new')")
    plan = workplace.plan(target("{mode: overwrite}", create="{if_missing: true}", post_sql=f'["{statement}"]'))
    assert error_of(workplace.run(plan)).code == "DF-HOOK-003"
    assert workplace.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 't'") == [(0,)]
