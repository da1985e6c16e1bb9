"""Each write mode against its meaning in plain Python: odd names, empty input, bounds, hooks that fail, drift."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.engine import OneConnection
from tests.crashes.database import Database, connect
from tests.engines.live import ENGINES

TESTED = ("duckdb", "sqlite", "postgres", "mysql")
KEY, TEXT, DAY, NEW_COLUMN = 'Order "Größe"', "group", "a day", "n"
START, END = "2026-01-01", "2026-01-02"
Row = tuple[Any, ...]
Rows = list[Row]

OLD: Rows = [(1, "old", START), (3, "old", START), (9, "stays", END)]
INCOMING: Mapping[str, Rows] = {
    "some": [(1, "new", START), (2, "gone", START)],
    "none": [],
    "all_gone": [(1, "gone", START), (2, "gone", START)],
}
WRITES: Mapping[str, Mapping[str, Any]] = {
    "append": {"mode": "append"},
    "overwrite": {"mode": "overwrite"},
    "upsert": {"mode": "upsert", "keys": [KEY]},
    "upsert_columns": {"mode": "upsert", "keys": [KEY], "update_columns": [DAY]},
    "upsert_two_keys": {"mode": "upsert", "keys": [DAY, KEY]},
    "merge": {"mode": "merge", "keys": [KEY], "delete_when": "{text} = 'gone'"},
    "delete_insert": {"mode": "delete_insert", "keys": [DAY]},
    "window": {"mode": "delete_insert", "window": {"column": DAY}},
}


def meaning(write: Mapping[str, Any], old: Rows, incoming: Rows) -> Rows:
    """Return what the target holds afterwards, by the words of docs/writing.md."""
    columns = (KEY, TEXT, DAY)
    at = [columns.index(name) for name in write.get("keys", ())]

    def key(row: Row) -> Row:
        return tuple(row[place] for place in at)

    mode, keys = write["mode"], {key(row) for row in incoming}
    if mode == "append":
        return [*old, *incoming]
    if mode == "overwrite":
        return incoming
    if "window" in write:
        return [row for row in old if not START <= row[2] < END] + incoming
    if mode == "delete_insert":
        return [row for row in old if key(row) not in keys] + incoming
    gone = [key(row) for row in incoming if "delete_when" in write and row[1] == "gone"]
    known = {key(row): row for row in old if key(row) not in gone}
    for row in incoming:
        if key(row) in gone:
            continue
        before, names = known.get(key(row)), write.get("update_columns", columns)
        known[key(row)] = (
            row if before is None else tuple(row[n] if columns[n] in names else before[n] for n in range(len(columns)))
        )
    return list(known.values())


class Place:
    """A table `t` of one engine, a source `s`, and a table that hooks write."""

    def __init__(self, engine: str, database: Database, connection: OneConnection, folder: Path) -> None:
        self.engine, self.database, self.connection, self.folder = engine, database, connection, folder
        self.quote = get_dialect(engine).publish.quote

    def prepare(self, incoming: Rows, *, marked: bool = False, wide: bool = False) -> None:
        columns = f"{self.quote(KEY)} INTEGER, {self.quote(TEXT)} VARCHAR(20), {self.quote(DAY)} DATE"
        names = ", ".join(map(self.quote, (KEY, TEXT, DAY)))
        statements = ["DROP TABLE IF EXISTS log", "CREATE TABLE log (n INTEGER)"]
        for table, rows, more in (
            ("t", OLD, f", {self.quote('_run_id')} VARCHAR(600)" if marked else ""),
            ("s", incoming, f", {self.quote(NEW_COLUMN)} INTEGER" if wide else ""),
        ):
            statements += [f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} ({columns}{more})"]
            if rows:
                values = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
                statements.append(f"INSERT INTO {table} ({names}) VALUES {values}")
        self.database.run(*statements)

    def run(self, write: Mapping[str, Any], run_id: str = "r1", **fields: Any) -> RunResult:
        """The same run id each time, so that the second one is a retry."""
        if "delete_when" in write:
            write = {**write, "delete_when": write["delete_when"].format(text=self.quote(TEXT))}
        nodes = {
            "s": {"type": f"source.{self.engine}", "table": "s"},
            "t": {"type": f"target.{self.engine}", "from": "s", "table": "t", "write": write, **fields},
        }
        document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "p", "defaults": {"connection": "c"}}
        values = RunValues(run_id, None, datetime.fromisoformat(START), datetime.fromisoformat(END), workspace="w")
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused.duckdb")
        plan = plan_pipeline(Pipeline.model_validate({**document, "nodes": nodes}))
        return run_pipeline(plan, values, self.connection, project)

    def rows(self, *more: str) -> Rows:
        names = ", ".join(map(self.quote, (KEY, TEXT, DAY, *more)))
        _, found = self.database.rows(f"SELECT {names} FROM t")
        plain = [tuple(one.isoformat() if isinstance(one, date) else one for one in row) for row in found]
        return sorted(plain, key=str)

    def logged(self) -> Rows:
        return [tuple(row) for row in self.database.rows("SELECT n FROM log")[1]]


def _literal(value: Any) -> str:
    return "NULL" if value is None else f"'{value}'"


class FileDatabase(Database):
    """A file that one process may hold: opened for each statement."""

    def __init__(self, engine: str, spec: Any) -> None:
        super().__init__(engine, None)
        self._spec = spec

    def run(self, *statements: str) -> None:
        with closing(connect(self._spec)) as raw:
            Database(self.engine, raw).run(*statements)

    def rows(self, sql: str) -> Any:
        with closing(connect(self._spec)) as raw:
            return Database(self.engine, raw).rows(sql)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name: str = request.param
    folder = tmp_path_factory.mktemp(f"semantics-{name}")
    with ENGINES[name](request, folder) as (spec, _):
        spec = replace(spec, conn_id="c")
        if name == "duckdb":
            yield Place(name, FileDatabase(name, spec), OneConnection(spec), folder)
            return
        with closing(connect(spec)) as raw:
            yield Place(name, Database(name, raw), OneConnection(spec), folder)


@pytest.mark.parametrize(("name", "incoming"), list(itertools.product(WRITES, INCOMING)))
def test_mode_and_its_retry_leave_what_it_means(place: Place, name: str, incoming: str) -> None:
    write, rows = WRITES[name], INCOMING[incoming]
    place.prepare(rows, marked=name == "append")
    for _ in range(2):
        assert place.run(write).errors == {}
        assert place.rows() == sorted(meaning(write, OLD, rows), key=str)
    assert place.database.leftovers() == []


@pytest.mark.parametrize("alike", [("r1", "R1"), ("re1", "ré1"), ("r\\1", "R\\1")])
def test_runs_whose_ids_a_collation_takes_for_equal_keep_each_others_rows(place: Place, alike: tuple[str, str]) -> None:
    place.prepare(INCOMING["some"], marked=True)
    if place.engine == "mysql" and "\\" in alike[0]:
        place.database.run("ALTER TABLE t MODIFY _run_id VARCHAR(600) COLLATE utf8mb4_unicode_ci")
    for run_id in (*alike, *alike):
        assert place.run(WRITES["append"], run_id).errors == {}
    assert place.rows() == sorted([*OLD, *INCOMING["some"], *INCOMING["some"]], key=str)


def test_run_id_of_letters_that_the_database_itself_cannot_keep_is_kept(place: Place) -> None:
    place.prepare(INCOMING["some"])
    place.database.run("DROP TABLE t")
    for run_id in ("ŕ日1", "r日1"):
        assert place.run(WRITES["append"], run_id, create={"if_missing": True}).errors == {}
    marks = {one[-1].partition("/")[0] for one in place.rows("_run_id")}
    assert marks == {"ŕ日1", "r日1"}


@pytest.mark.parametrize(
    ("name", "bad", "code"),
    [
        ("upsert", [(None, "x", START)], "DF-RUN-040"),
        ("merge", [(1, "x", START), (1, "y", START)], "DF-RUN-040"),
        ("delete_insert", [(1, "x", None)], "DF-RUN-040"),
        ("window", [(1, "x", END)], "DF-RUN-040"),
        ("window", [(1, "x", None)], "DF-RUN-040"),
        ("window", [(1, "x", "2025-12-31")], "DF-RUN-040"),
    ],
)
def test_rows_that_a_mode_cannot_take_leave_the_target_alone(place: Place, name: str, bad: Rows, code: str) -> None:
    place.prepare([(2, "good", START), *bad])
    assert place.run(WRITES[name]).errors["t"].code == code
    assert place.rows() == sorted(OLD, key=str)


BROKEN = "INSERT INTO log VALUES (1, 2, 3)"
GOOD = "INSERT INTO log VALUES (7)"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("field", ["pre_sql", "post_sql"])
def test_hook_that_fails_takes_back_what_it_stands_in(place: Place, field: str, inside: bool) -> None:
    place.prepare(INCOMING["some"])
    hooks = [{"sql": sql, "in_transaction": inside} for sql in (GOOD, BROKEN)]
    error = place.run(WRITES["overwrite"], "r1", **{field: hooks}).errors["t"]
    published = field == "post_sql" and not inside
    assert ("is published" in (error.hint or "")) is published
    assert place.rows() == sorted(INCOMING["some"] if published else OLD, key=str)
    assert place.logged() == ([] if inside else [(7,)])


@pytest.mark.parametrize("drift", ["fail", "ignore", "add"])
def test_new_column_is_refused_left_out_or_added(place: Place, drift: str) -> None:
    place.prepare(INCOMING["some"], wide=True)
    result = place.run(WRITES["upsert"], on_schema_drift=drift)
    if drift == "fail":
        assert result.errors["t"].code == "DF-WRITE-006"
        assert place.rows() == sorted(OLD, key=str)
        return
    assert result.errors == {}
    expected = meaning(WRITES["upsert"], OLD, INCOMING["some"])
    if drift == "add":
        assert place.rows(NEW_COLUMN) == sorted(((*row, None) for row in expected), key=str)
    else:
        assert place.rows() == sorted(expected, key=str)
        assert NEW_COLUMN not in place.database.rows("SELECT * FROM t")[0]


def test_table_whose_engine_has_no_transactions_is_refused(place: Place) -> None:
    if place.engine != "mysql":
        pytest.skip("not applicable: every table takes part in transactions")
    place.prepare(INCOMING["some"])
    place.database.run("ALTER TABLE t ENGINE = MyISAM")
    error = place.run(WRITES["overwrite"]).errors["t"]
    assert error.code == "DF-WRITE-015"
    assert place.rows() == sorted(OLD, key=str)
    assert error.hint is not None
    place.database.run(error.hint.split("`", 1)[1].rsplit("`", 1)[0])
    assert place.run(WRITES["overwrite"]).errors == {}
    assert place.rows() == sorted(INCOMING["some"], key=str)


@pytest.mark.parametrize("field", ["primary_index", "cluster_by", "partition_by"])
def test_layout_that_no_engine_here_has_is_refused_before_anything_is_made(place: Place, field: str) -> None:
    place.prepare(INCOMING["some"])
    place.database.run("DROP TABLE t")
    error = place.run(WRITES["overwrite"], create={"if_missing": True, field: [DAY]}).errors["t"]
    assert error.code == "DF-WRITE-007"
    assert place.database.target() is None
