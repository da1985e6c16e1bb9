"""Rows of any node on each engine: the right ones, no more than asked for, and nothing written."""

from __future__ import annotations

import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import AuthorError, TerminalError
from dataflow_provider.preview.look import SAMPLE_ROWS
from dataflow_provider.preview.profile import profile_node
from dataflow_provider.preview.rows import Asked, Preview, preview_rows
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.engines.live import LiveEngine
from tests.engines.mariadb import MariaDBServer

CALLS = 12_000


@dataclass
class Here:
    """The engine under test as connection `db`, and a DuckDB file of plans as `duck`."""

    engine: LiveEngine
    folder: Path

    def get(self, conn_id: str) -> ConnectionSpec:
        if conn_id == "db":
            return replace(self.engine.spec, conn_id="db")
        if conn_id in ("duck", "dataflow_warehouse"):
            return ConnectionSpec(conn_id, "duckdb", host=str(self.folder / f"{conn_id}.duckdb"))
        raise AuthorError("DF-CONN-001", f"connection `{conn_id}` is not defined")

    @property
    def project(self) -> Project:
        return Project(self.folder, "w", (self.folder,), self.folder / "w.duckdb")

    def pipeline(self, nodes: str) -> Pipeline:
        body = textwrap.indent(textwrap.dedent(nodes), "  ").replace("ENGINE", self.engine.name)
        calls = f"{self.engine.schema}.calls" if self.engine.schema else "calls"
        head = "apiVersion: dataflow/v1\nkind: Pipeline\nid: p\nparams: {least: {type: integer, default: 100}}\n"
        return parse_pipeline(f"{head}nodes:\n{body.replace('<calls>', calls)}", "p.yaml").require()

    def preview(self, node: str, nodes: str | None = None, **more: Any) -> Preview:
        return preview_rows(self.pipeline(nodes or NODES), Asked(node), self, self.project, **more)


NODES = """
calls: {type: source.ENGINE, connection: db, table: <calls>, sensitive: [who]}
long: {type: transform.filter, from: calls, where: secs >= :least}
named: {type: transform.select, from: long, columns: [id, {name: who, as: caller}, secs]}
split: {type: transform.router, from: long, routes: {even: "id % 2 = 0"}, default: odd}
per: {type: transform.aggregate, from: calls, group_by: [who], aggregates: {n: COUNT(*), most: MAX(secs)}}
plans: {type: source.duckdb, connection: duck, table: plans}
rated: {type: transform.join, connection: db, from: {left: long, right: plans}, keys: [who]}
there: {type: transform.join, connection: duck, from: {left: plans, right: calls}, keys: [who]}
mart: {type: target.ENGINE, connection: db, from: named, table: mart, create: {if_missing: true}}
odd: {type: target.duckdb, connection: duck, from: split, table: odd, create: {if_missing: true}}
evens: {type: target.duckdb, connection: duck, from: split.even, table: evens, create: {if_missing: true}}
sums: {type: target.duckdb, connection: duck, from: per, table: sums, create: {if_missing: true}}
bills: {type: target.duckdb, connection: duck, from: rated, table: bills, create: {if_missing: true}}
other: {type: target.duckdb, connection: duck, from: there, table: other, create: {if_missing: true}}
"""


@pytest.fixture
def here(live_engine: LiveEngine, tmp_path: Path) -> Here:
    with live_engine.open() as session:
        calls = live_engine.table("calls")
        session.execute(f"CREATE TABLE {calls} (id INTEGER, who VARCHAR(20), secs DECIMAL(10,2), day DATE)")
        digits = " CROSS JOIN ".join(f"(SELECT 0 AS d UNION ALL SELECT 1) AS b{at}" for at in range(14))
        number = " + ".join(f"b{at}.d * {2**at}" for at in range(14))
        session.execute(
            f"INSERT INTO {calls} SELECT n, CASE WHEN n % 3 = 0 THEN 'ann' ELSE 'bob' END, n, '2026-01-01' "
            f"FROM (SELECT {number} AS n FROM {digits}) AS q WHERE n < {CALLS}"
        )
    with duckdb.connect(str(tmp_path / "duck.duckdb")) as raw:
        raw.execute("CREATE TABLE plans AS SELECT * FROM (VALUES ('ann', 1.25), ('eve', 2.5)) AS t(who, rate)")
    return Here(live_engine, tmp_path)


@pytest.mark.parametrize(
    ("node", "columns"),
    [
        ("calls", ["id", "who", "secs", "day"]),
        ("long", ["id", "who", "secs", "day"]),
        ("long.rejected", ["id", "who", "secs", "day"]),
        ("named", ["id", "caller", "secs"]),
        ("split", ["id", "who", "secs", "day"]),
        ("split.even", ["id", "who", "secs", "day"]),
        ("mart", ["id", "caller", "secs"]),
        ("evens", ["id", "who", "secs", "day"]),
    ],
)
def test_preview_shows_rows_of_any_port(here: Here, node: str, columns: list[str]) -> None:
    found = here.preview(node, limit=7)
    assert [one.name for one in found.columns] == columns
    assert len(found.rows) == 7
    assert found.total_rows is None
    assert not found.sample
    seconds = [float(str(row[columns.index("secs")])) for row in found.rows]
    assert all(one < 100 for one in seconds) if node == "long.rejected" else node == "calls" or min(seconds) >= 100
    if node in ("split.even", "evens"):
        assert all(int(str(row[0])) % 2 == 0 for row in found.rows)
    if node == "split":
        assert all(int(str(row[0])) % 2 == 1 for row in found.rows)


def test_preview_of_aggregate_has_all_rows_and_masks_what_comes_of_sensitive_columns(here: Here) -> None:
    found = here.preview("per")
    assert sorted((one.name, one.sensitive) for one in found.columns) == [("most", False), ("n", False), ("who", True)]
    assert {str(row[0]) for row in found.rows} == {"•••"}
    assert sorted(int(str(row[1])) for row in found.rows) == [4000, 8000]
    assert found.total_rows == 2
    shown = here.preview("per", reveal=True)
    assert sorted(str(row[0]) for row in shown.rows) == ["ann", "bob"]


def test_preview_across_connections_is_a_labelled_sample(here: Here) -> None:
    found = here.preview("rated", limit=5)
    assert found.sample
    assert found.inputs == ({"node": "plans", "connection": "duck", "rows": 2, "whole": True},)
    assert len(found.rows) == 5
    assert {str(row[[one.name for one in found.columns].index("rate")]) for row in found.rows} == {"1.25"}
    there = here.preview("there", limit=100)
    assert there.sample
    assert there.inputs == ({"node": "calls", "connection": "db", "rows": SAMPLE_ROWS, "whole": False},)
    assert len(there.rows) == 100
    assert there.total_rows is None
    assert [one.sensitive for one in there.columns if one.name == "who"] == [True]


def test_preview_writes_nothing(here: Here) -> None:
    before = everything_in(here)
    for node in ("calls", "long.rejected", "mart", "per", "rated", "there", "odd"):
        here.preview(node, limit=3)
    assert everything_in(here) == before


def test_preview_session_refuses_to_write(here: Here) -> None:
    """The rows are read where a statement that writes is refused, so that nothing can slip through."""
    with here.engine.open(read_only=True) as session, pytest.raises(TerminalError):
        session.execute(f"INSERT INTO {here.engine.table('calls')} VALUES (1, 'x', 1, '2026-01-01')")


def test_preview_never_pulls_more_than_the_limit(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with here.engine.open() as session:
        kind = type(session)
    pulled: list[tuple[str, int]] = []
    fetch = kind.fetch_rows

    def counted(self: Any, sql: str, limit: int | None = None) -> Any:
        names, rows = fetch(self, sql, limit)
        if "node:" in sql:
            pulled.append((sql, len(rows)))
        return names, rows

    monkeypatch.setattr(kind, "fetch_rows", counted)
    here.preview("named", limit=9)
    assert [rows for _, rows in pulled] == [9]
    assert pulled[0][0].rstrip().endswith("LIMIT 9")


UNION = """
calls: {type: source.mysql, connection: db, table: <calls>}
short: {type: transform.filter, from: calls, where: secs >= 0}
again: {type: source.mysql, connection: db, table: <calls>}
both: {type: transform.union, from: [short, calls, again]}
named: {type: transform.select, from: both, columns: [id, {name: who, as: caller}]}
one: {type: transform.union, from: [short, calls], mode: distinct}
t: {type: target.mysql, connection: db, from: named, table: t, create: {if_missing: true}}
u: {type: target.mysql, connection: db, from: one, table: u, create: {if_missing: true}}
"""


@pytest.mark.parametrize(("node", "makes_few"), [("both", True), ("named", True), ("one", False)])
def test_preview_of_a_union_makes_few_of_its_rows_on_mariadb(
    mariadb_server: MariaDBServer, tmp_path: Path, node: str, makes_few: bool
) -> None:
    def made() -> int:
        return sum(int(row[1]) for row in mariadb_server.query("SHOW GLOBAL STATUS LIKE 'Handler_tmp_write'"))

    mariadb_server.query("CREATE OR REPLACE DATABASE looked CHARACTER SET utf8mb4")
    mariadb_server.query(
        "CREATE TABLE looked.calls AS SELECT CAST(seq AS INT) AS id, 'ann' AS who, CAST(seq AS INT) AS secs "
        f"FROM looked.seq_1_to_{CALLS}"
    )
    here = Here(LiveEngine("mysql", replace(mariadb_server.spec, schema="looked"), "looked"), tmp_path)
    try:
        before = made()
        rows = here.preview(node, UNION, limit=9).rows
        assert len(rows) == 9
        assert (made() - before < 1_000) is makes_few
    finally:
        mariadb_server.query("DROP DATABASE looked")


def test_preview_stops_the_statement_when_its_time_is_over(here: Here) -> None:
    slow = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    all: {type: transform.sql, from: calls, query: "SELECT COUNT(*) AS n, SUM(a.secs * b.secs) AS s FROM calls a
      CROSS JOIN calls b CROSS JOIN calls c WHERE a.id + b.id <> c.id"}
    t: {type: target.ENGINE, connection: db, from: all, table: t}
    """
    started = time.monotonic()
    with pytest.raises(TerminalError) as caught:
        here.preview("all", slow, sign=StopSign(1.0))
    assert caught.value.code == "DF-PREVIEW-004"
    assert time.monotonic() - started < 8


def test_preview_tells_a_missing_table_before_anything_else(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>s}
    t: {type: target.ENGINE, connection: db, from: calls, table: t}
    """
    with pytest.raises(CompileError) as caught:
        here.preview("t", nodes)
    assert [one.code for one in caught.value.problems] == ["DF-LIVE-001"]


def test_profile_says_what_the_values_are_like(here: Here) -> None:
    before = everything_in(here)
    found = profile_node(here.pipeline(NODES), Asked("calls"), here, here.project)
    assert (found.rows, found.sample) == (CALLS, False)
    told = {str(one["name"]): one for one in found.columns}
    number = told["id"]
    assert [number[key] for key in ("count", "nulls", "null_percent", "distinct", "min", "max", "mean")] == [
        CALLS, 0, 0.0, CALLS, 0, CALLS - 1, (CALLS - 1) / 2,
    ]  # fmt: skip
    assert number["quantiles"] == {"0.05": 599, "0.25": 2999, "0.5": 5999, "0.75": 8999, "0.95": 11399}
    buckets: Any = number["histogram"]
    assert [one["count"] for one in buckets] == [1200] * 10
    assert (buckets[0]["from"], buckets[-1]["to"]) == (0, CALLS - 1)
    assert number["top"] == []
    who = told["who"]
    assert (who["distinct"], who["min"], who["max"]) == (2, "•••", "•••")
    assert who["top"] == [{"value": "•••", "count": 8000}, {"value": "•••", "count": 4000}]
    assert told["day"]["min"] == "2026-01-01"
    assert told["day"]["top"] == [{"value": "2026-01-01", "count": CALLS}]
    assert everything_in(here) == before


def test_profile_of_many_rows_is_a_sample_and_says_so(here: Here) -> None:
    found = profile_node(here.pipeline(NODES), Asked("long"), here, here.project, rows=500)
    assert (found.rows, found.sample) == (500, True)
    assert all(one["distinct_approximate"] for one in found.columns)


def test_profile_counts_missing_values_and_finds_the_most_frequent(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    some: {type: transform.expression, from: calls, columns: {k: "CASE WHEN id < 9000 THEN secs - secs + 7 END"}}
    none: {type: transform.filter, from: some, where: id < 0}
    t: {type: target.ENGINE, connection: db, from: none, table: t}
    """
    found = profile_node(here.pipeline(nodes), Asked("some"), here, here.project)
    told = next(one for one in found.columns if one["name"] == "k")
    top: Any = told["top"]
    assert (told["nulls"], told["null_percent"], told["distinct"], told["histogram"]) == (3000, 25.0, 1, [])
    assert [(float(one["value"]), one["count"]) for one in top] == [(7.0, 9000)]
    empty = profile_node(here.pipeline(nodes), Asked("none"), here, here.project)
    assert empty.rows == 0
    assert {(one["count"], one["null_percent"], one["min"]) for one in empty.columns} == {(0, 0.0, None)}


def everything_in(here: Here) -> dict[str, Any]:
    """Return every table of the engine and of the DuckDB file with its rows, and every file of the project.

    A `.lock` is the line in which sessions wait for a DuckDB file; it is empty.
    """
    listed = {
        "duckdb": "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2",
        "sqlite": "SELECT '', name FROM sqlite_master ORDER BY 2",
    }.get(here.engine.name, "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2")
    with here.engine.open(read_only=True) as session:
        tables = session.fetch_rows(listed)[1]
        calls = session.fetch_rows(f"SELECT COUNT(*), SUM(id), SUM(secs) FROM {here.engine.table('calls')}")[1]
    with duckdb.connect(str(here.folder / "duck.duckdb"), read_only=True) as raw:
        there = raw.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    ours = sorted(
        str(one.relative_to(here.folder)) for one in here.folder.rglob("*") if one.suffix not in (".lock", ".gate")
    )
    return {"tables": tables, "calls": calls, "there": there, "files": ours}
