"""What each engine says of a pipeline before any row moves: everything at once, nothing written."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.example_values import example_values
from dataflow_provider.execution.live_check import LiveCheck, check_live
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.project import Project
from tests.engines.live import LiveEngine


@dataclass
class Here:
    """The engine under test as connection `db`, DuckDB as `duck`, and a server that is not there as `gone`."""

    engine: LiveEngine
    folder: Path

    def get(self, conn_id: str) -> ConnectionSpec:
        if conn_id == "db":
            return replace(self.engine.spec, conn_id="db")
        if conn_id in ("duck", "dataflow_warehouse"):
            return ConnectionSpec(conn_id, "duckdb", host=str(self.folder / f"{conn_id}.duckdb"))
        if conn_id == "gone":
            return ConnectionSpec("gone", "postgres", host="127.0.0.1", port=1, login="u", password="s3cr3t-word")
        raise AuthorError("DF-CONN-001", f"connection `{conn_id}` is not defined")

    @property
    def project(self) -> Project:
        return Project(self.folder, "w", (self.folder,), self.folder / "w.duckdb")

    def plan(self, nodes: str) -> Plan:
        body = textwrap.indent(textwrap.dedent(nodes), "  ").replace("ENGINE", self.engine.name)
        for name in ("calls", "people", "mart"):
            table = f"{self.engine.schema}.{name}" if self.engine.schema else name
            body = body.replace(f"<{name}>", table)
        loaded = parse_pipeline(f"apiVersion: dataflow/v1\nkind: Pipeline\nid: p\nnodes:\n{body}", "p.yaml")
        return plan_pipeline(loaded.require())

    def check(self, nodes: str) -> LiveCheck:
        plan = self.plan(nodes)
        return check_live(plan, example_values(plan.pipeline, self.project), self, self.project, lock_timeout_s=20)

    def found(self, nodes: str) -> list[tuple[str, str]]:
        """Return code and place of each error."""
        problems = self.check(nodes).problems
        return [(one.code, ".".join(map(str, one.path[1:]))) for one in problems if one.severity is Severity.ERROR]


@pytest.fixture
def here(live_engine: LiveEngine, tmp_path: Path) -> Here:
    with live_engine.open() as session:
        calls = live_engine.table("calls")
        session.execute(f"CREATE TABLE {calls} (id INTEGER, who VARCHAR(20), secs INTEGER, day DATE)")
        session.execute(f"INSERT INTO {calls} VALUES (1, 'ann', 60, '2026-01-01')")
    return Here(live_engine, tmp_path)


GOOD = """
calls: {type: source.ENGINE, connection: db, table: <calls>}
long: {type: transform.filter, from: calls, where: secs > 10, checkpoint: true}
per: {type: transform.aggregate, from: long, group_by: [who], aggregates: {secs: SUM(secs), n: COUNT(*)}}
mart: {type: target.ENGINE, connection: db, from: per, table: <mart>, create: {if_missing: true}}
again: {type: source.ENGINE, connection: db, table: <mart>, after: [mart]}
few: {type: transform.filter, from: again, where: n < 5}
copy: {type: target.duckdb, connection: duck, from: few, table: copy, create: {if_missing: true}}
"""


def test_sound_pipeline_has_no_error_and_leaves_nothing_behind(here: Here) -> None:
    before = tables(here)
    assert here.check(GOOD).problems == ()
    assert tables(here) == before
    assert not (here.folder / "duck.duckdb").exists()


def test_what_was_found_sound_runs(here: Here) -> None:
    plan = here.plan(GOOD)
    result = run_pipeline(plan, example_values(plan.pipeline, here.project), here, here.project)
    assert result.errors == {}


def test_columns_of_later_stages_are_known_before_the_first_one_runs(here: Here) -> None:
    columns = here.check(GOOD).columns
    assert list(columns["per"]) == ["who", "secs", "n"]
    assert list(columns["few"]) == ["who", "secs", "n", "_run_id"]


def test_mistakes_of_all_stages_come_at_once(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    nobody: {type: source.ENGINE, connection: db, table: <people>}
    kept: {type: transform.filter, from: calls, where: secs > 10, checkpoint: true}
    odd: {type: transform.expression, from: kept, columns: {x: no_such_function_here(secs)}}
    per: {type: transform.aggregate, from: kept, group_by: [whom], aggregates: {n: COUNT(*)}}
    a: {type: target.duckdb, connection: duck, from: odd, table: a, create: {if_missing: true}}
    b: {type: target.ENGINE, connection: db, from: per, table: <mart>}
    c: {type: target.duckdb, connection: duck, from: nobody, table: c, create: {if_missing: true}}
    """
    assert here.found(nodes) == [
        ("DF-LIVE-001", "nobody.table"),
        ("DF-SQL-020", "odd"),
        ("DF-SQL-012", "per.group_by.0"),
    ]


def test_missing_target_and_lossy_types_are_told(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    a: {type: target.ENGINE, connection: db, from: calls, table: <people>}
    b: {type: target.ENGINE, connection: db, from: calls, table: <mart>}
    """
    with here.engine.open() as session:
        session.execute(
            f"CREATE TABLE {here.engine.table('mart')} (id INTEGER, who VARCHAR(20), secs SMALLINT, day DATE)"
        )
    expected = [("DF-WRITE-004", "a.table")]
    if here.engine.name != "sqlite":  # A column of SQLite takes every value.
        expected.append(("DF-WRITE-006", "b.table"))
    assert here.found(nodes) == expected


def test_table_that_a_hook_makes_is_not_missing(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    mart: {type: target.ENGINE, connection: db, from: calls, table: <mart>, create: {if_missing: true},
           post_sql: [{sql: "CREATE TABLE <people> AS SELECT * FROM <mart>", in_transaction: false}]}
    people: {type: source.ENGINE, connection: db, table: <people>, after: [mart]}
    out: {type: target.duckdb, connection: duck, from: people, table: c, create: {if_missing: true}}
    """
    assert here.found(nodes) == []


def test_unreachable_connection_is_one_finding_that_names_it_and_no_secret(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    wrong: {type: transform.filter, from: calls, where: sec > 10}
    far: {type: source.postgres, connection: gone, table: t}
    a: {type: target.postgres, connection: gone, from: far, table: a}
    b: {type: target.duckdb, connection: nowhere, from: wrong, table: b, create: {if_missing: true}}
    """
    problems = here.check(nodes).problems
    assert [(one.code, one.path[1:]) for one in problems if one.severity is Severity.ERROR] == [
        ("DF-SQL-012", ("wrong", "where")),
        ("DF-CONN-012", ("far", "connection")),
        ("DF-CONN-001", ("b", "connection")),
    ]
    assert "`gone`" in problems[1].message
    assert "s3cr3t-word" not in problems[1].message


def test_types_of_another_connection_reach_the_judgement(here: Here) -> None:
    """Rows of DuckDB are judged on the engine as the columns that they will be there."""
    nodes = """
    raw: {type: source.duckdb, connection: duck, query: "SELECT 1 AS id, DATE '2026-01-01' AS day, 1.5 AS rate"}
    joined: {type: transform.sql, connection: db, from: [raw, calls],
             query: "SELECT r.id, r.rate * c.secs AS cost, r.day FROM raw r JOIN calls c ON c.day >= r.day"}
    calls: {type: source.ENGINE, connection: db, table: <calls>}
    mart: {type: target.ENGINE, connection: db, from: joined, table: <mart>, create: {if_missing: true}}
    """
    check = here.check(nodes)
    assert check.problems == ()
    assert list(check.columns["joined"]) == ["id", "cost", "day"]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("columns: [id, sec]", ("nodes", "calls", "columns", 1)),
        ("where: id > 1 AND sec > 2", ("nodes", "calls", "where")),
    ],
)
def test_column_that_the_table_lacks_is_told_where_it_stands(
    here: Here, asked: str, path: tuple[str | int, ...]
) -> None:
    nodes = f"""
    calls: {{type: source.ENGINE, connection: db, table: <calls>, {asked}}}
    mart: {{type: target.ENGINE, connection: db, from: calls, table: <mart>, create: {{if_missing: true}}}}
    """
    (problem,) = here.check(nodes).problems
    assert (problem.code, problem.path, problem.hint) == ("DF-SQL-012", path, "Did you mean `secs`?")
    assert "`who`" in problem.message


def test_column_that_no_list_shows_may_be_asked_for(here: Here) -> None:
    if here.engine.name not in ("duckdb", "sqlite"):
        pytest.skip("not applicable: the others have none, or theirs are refused")
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>, where: rowid IS NOT NULL}
    mart: {type: target.ENGINE, connection: db, from: calls, table: <mart>, create: {if_missing: true}}
    """
    assert here.check(nodes).problems == ()


def test_declared_column_that_the_table_lacks_is_a_warning(here: Here) -> None:
    nodes = """
    calls: {type: source.ENGINE, connection: db, table: <calls>, schema: {id: INTEGER, sec: INTEGER}}
    mart: {type: target.ENGINE, connection: db, from: calls, table: <mart>, create: {if_missing: true}}
    """
    (problem,) = here.check(nodes).problems
    assert (problem.code, problem.severity, problem.hint) == ("DF-LIVE-002", Severity.WARNING, "Did you mean `secs`?")


def tables(here: Here) -> set[str]:
    with here.engine.open() as session:
        if here.engine.name == "sqlite":
            _, rows = session.fetch_rows("SELECT name FROM sqlite_master")
        else:
            _, rows = session.fetch_rows("SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables")
    return {str(row[0]) for row in rows}
