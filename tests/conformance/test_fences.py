"""What an author writes cannot reach beyond its connection: every place for text, on engines that run.

A file with a secret lies beside the project. The text must be refused, the secret must stay in it, and no file may
appear. The fences of the engine itself are tried without ours, where it has some.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.data import Table
from tests.conformance.engine import Engine, OneConnection

SECRET = "xyzzy-4711"
FENCED = ("duckdb", "sqlite", "postgres", "mysql")
REFUSED = ("DF-SQL-", "DF-HOOK-003", "DF-RUN-030", "DF-RUN-031", "DF-WRITE-012")
"""Codes of a refusal by us; any other error would be the engine's, after it has tried."""
BY_THE_ENGINE = {"CREATE TABLE found AS SELECT * FROM read_text('{secret}')": "DF-RUN-016"}
"""Statements that a locked session itself refuses."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "duckdb": (
        "getenv('HOME')", "(SELECT content FROM read_text('{secret}'))", "(SELECT MAX(column0) FROM '{secret}')",
        "(SELECT COUNT(*) FROM glob('{folder}/*'))", "(SELECT COUNT(*) FROM query('SELECT 1'))", '"getenv"(\'HOME\')',
    ),
    "sqlite": ("load_extension('{secret}')", "readfile('{secret}')", "writefile('{made}', 'x')", "edit('x', 'touch')"),
    "postgres": (
        "pg_read_file('{secret}')", "pg_catalog.pg_read_file('{secret}')", "\"pg_read_file\"('{secret}')",
        "pg_ls_dir('{folder}')", "lo_import('{secret}')", "query_to_xml('SELECT 1', true, true, '')",
        "set_config('role', 'x', false)", "(SELECT COUNT(*) FROM dblink('host=127.0.0.1', 'SELECT 1') AS t(a int))",
    ),
    "mysql": (
        "LOAD_FILE('{secret}')", "`LOAD_FILE`('{secret}')", "SLEEP(1)", "BENCHMARK(10, MD5('x'))", "GET_LOCK('x', 1)",
    ),
}  # fmt: skip
QUERIES: Mapping[str, tuple[str, ...]] = {
    "duckdb": (
        "SELECT * FROM read_csv('{secret}')", "SELECT * FROM '{secret}'", "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM sqlite_scan('{secret}', 't')", "COPY (SELECT 1) TO '{made}'", "ATTACH '{made}' AS other",
        "INSTALL httpfs", "LOAD httpfs", "SELECT 1; COPY (SELECT 1) TO '{made}'", "SELECT * FROM duckdb_secrets()",
    ),
    "sqlite": (
        "ATTACH '{made}' AS other", "VACUUM INTO '{made}'", "SELECT 1; ATTACH '{made}' AS other",
        "PRAGMA database_list",
        "SELECT * FROM pragma_database_list", "SELECT * FROM fsdir('{folder}')",
    ),
    "postgres": (
        "COPY (SELECT 1) TO PROGRAM 'touch {made}'", "COPY (SELECT 1) TO '{made}'",
        "SELECT * FROM pg_ls_dir('{folder}')",
        "SELECT 1; COPY (SELECT 1) TO '{made}'", "SELECT * INTO made FROM pg_class", "DO $$ BEGIN NULL; END $$",
        "WITH gone AS (DELETE FROM fenced RETURNING 1) SELECT 1 FROM gone",
    ),
    "mysql": (
        "SELECT 1 INTO OUTFILE '{made}'", "SELECT 1 INTO DUMPFILE '{made}'", "SELECT 1; SELECT 1 INTO OUTFILE '{made}'",
        "LOAD DATA INFILE '{secret}' INTO TABLE t",
        "SELECT 1 INTO @x", "HANDLER t OPEN",
    ),
}  # fmt: skip
OTHER_TABLES: Mapping[str, tuple[str, ...]] = {
    "duckdb": ("SELECT * FROM fenced", "SELECT * FROM information_schema.tables"),
    "sqlite": ("SELECT * FROM fenced", "SELECT * FROM sqlite_master"),
    "postgres": ("SELECT * FROM fenced", "SELECT * FROM pg_catalog.pg_authid"),
    "mysql": ("SELECT * FROM fenced", "SELECT * FROM mysql.user"),
}
OF_THE_ENGINE: Mapping[str, tuple[str, ...]] = {
    "duckdb": (
        "SELECT * FROM read_text('{secret}')", "SELECT * FROM '{secret}'", "COPY (SELECT 1) TO '{made}'",
        "ATTACH '{made}' AS other", "INSTALL httpfs", "LOAD '{secret}'", "SET enable_external_access = true",
        "SET lock_configuration = false", "SET allowed_directories = ['/']",
    ),
    "sqlite": (
        "ATTACH '{made}' AS other", "VACUUM INTO '{made}'", "SELECT load_extension('{secret}')",
        "SELECT readfile('{secret}')",
    ),
}  # fmt: skip


def texts(of: Mapping[str, tuple[str, ...]]) -> list[Any]:
    return [
        pytest.param(name, text, marks=pytest.mark.xdist_group(f"engine-{name}"), id=f"{name}-{text}")
        for name, written in of.items()
        for text in written
    ]


class Fence:
    """A project beside a secret, on one engine."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.secret, self.made = folder / "secret.csv", folder / "made"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o644)

    def text(self, template: str) -> str:
        places = {"{secret}": self.secret, "{made}": self.made, "{folder}": self.folder}
        for mark, path in places.items():
            template = template.replace(mark, str(path))
        return template

    def refuses(
        self,
        given: Mapping[str, Any],
        step: Mapping[str, Any] | None = None,
        codes: tuple[str, ...] = REFUSED,
        **target: Any,
    ) -> None:
        """The pipeline of a source, perhaps a step, and a target is refused by us, and nothing is found or made."""
        engine, name = self.engine, self.engine.name
        nodes: dict[str, Any] = {"given": {"type": f"source.{name}", **given}}
        if step is not None:
            nodes["step"] = {"from": "given", **step}
        nodes["to"] = {
            "type": f"target.{name}", "from": "step" if step else "given", "table": engine.table("fence_out"),
            "write": {"mode": "overwrite"}, "create": {"if_missing": True}, **target,
        }  # fmt: skip
        head = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "fence"}
        pipeline = Pipeline.model_validate({**head, "defaults": {"connection": engine.spec.conn_id}, "nodes": nodes})
        project = Project(engine.folder, "default", (engine.folder,), engine.folder / "unused.duckdb")
        try:
            result = run_pipeline(plan_pipeline(pipeline), RunValues("manual__f"), OneConnection(engine.spec), project)
            errors = list(result.errors.values())
        except DataflowError as error:
            errors = [error]
        assert errors
        assert errors[0].code.startswith(codes), errors[0]
        self.assert_kept(errors[0])

    def assert_kept(self, error: DataflowError) -> None:
        assert SECRET not in f"{error} {error.hint}"
        assert not self.made.exists()
        assert [one.name for one in self.folder.iterdir()] == [self.secret.name]

    @property
    def rows(self) -> dict[str, str]:
        return {"table": self.engine.table("fenced")}


@pytest.fixture
def fence(engine: Engine, tmp_path: Path) -> Fence:
    with engine.session() as session:
        there = session.columns_of(engine.quoted("fenced")) is not None
    if not there:
        engine.create(Table("fenced", {"id": "INTEGER", "word": "VARCHAR"}, ((1, "a"), (2, "b"))))
    return Fence(engine, tmp_path)


@pytest.mark.parametrize(("engine", "value"), texts(VALUES), indirect=["engine"])
def test_value_that_reaches_outside_is_refused_wherever_it_is_written(fence: Fence, value: str) -> None:
    text = fence.text(value)
    fence.refuses({"query": f"SELECT {text} AS found"})
    fence.refuses(fence.rows, {"type": "transform.sql", "query": f"SELECT {text} AS found FROM given"})
    fence.refuses(fence.rows, {"type": "transform.expression", "columns": {"found": text}})
    fence.refuses(fence.rows, {"type": "transform.filter", "where": f"({text}) IS NOT NULL"})
    fence.refuses({**fence.rows, "where": f"({text}) IS NOT NULL"})


@pytest.mark.parametrize(("engine", "query"), texts(QUERIES), indirect=["engine"])
def test_statement_that_reaches_outside_is_no_query(fence: Fence, query: str) -> None:
    text = fence.text(query)
    fence.refuses({"query": text})
    fence.refuses(fence.rows, {"type": "transform.sql", "query": text})


@pytest.mark.parametrize(("engine", "query"), texts(OTHER_TABLES), indirect=["engine"])
def test_sql_node_reads_its_inputs_alone(fence: Fence, query: str) -> None:
    fence.refuses(fence.rows, {"type": "transform.sql", "query": query})


@pytest.mark.parametrize(("engine", "statement"), texts(OF_THE_ENGINE), indirect=["engine"])
def test_engine_itself_keeps_a_session_in(fence: Fence, statement: str) -> None:
    with pytest.raises(DataflowError) as caught, fence.engine.session() as session:
        session.fetch_rows(fence.text(statement))
    fence.assert_kept(caught.value)


HOOKS: Mapping[str, tuple[str, ...]] = {
    "duckdb": (
        "COPY (SELECT 1) TO '{made}'", "ATTACH '{made}' AS other", "INSTALL httpfs", "LOAD httpfs",
        "SET enable_external_access = true", "EXPORT DATABASE '{made}'",
        "CREATE TABLE found AS SELECT * FROM read_text('{secret}')",
    ),
    "sqlite": (
        "ATTACH '{made}' AS other", "VACUUM INTO '{made}'", "PRAGMA writable_schema = 1", "DETACH main",
        "INSERT INTO fenced SELECT 1, load_extension('{secret}')", "INSERT INTO fenced SELECT 1, readfile('{secret}')",
    ),
    "postgres": (
        "COPY fenced TO PROGRAM 'touch {made}'", "COPY fenced FROM '{secret}'", "CREATE EXTENSION dblink",
        "INSERT INTO fenced SELECT 1, pg_read_file('{secret}')", "DO $$ BEGIN NULL; END $$", "SET ROLE postgres",
        "CREATE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql", "ALTER SYSTEM SET work_mem = '1MB'",
    ),
    "mysql": (
        "SELECT 1 INTO OUTFILE '{made}'", "LOAD DATA INFILE '{secret}' INTO TABLE fenced",
        "INSERT INTO fenced SELECT 1, LOAD_FILE('{secret}')", "SET GLOBAL local_infile = 1", "INSTALL SONAME 'x'",
        "SELECT 1 /*! INTO OUTFILE '{made}' */", "GRANT ALL ON *.* TO 'x'@'%'",
        "CREATE FUNCTION f RETURNS STRING SONAME 'x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("engine", "hook"), texts(HOOKS), indirect=["engine"])
def test_hook_that_reaches_outside_is_refused_inside_and_outside_of_the_transaction(fence: Fence, hook: str) -> None:
    text, codes = fence.text(hook), (*REFUSED, *filter(None, [BY_THE_ENGINE.get(hook)]))
    fence.refuses(fence.rows, codes=codes, pre_sql=[text])
    fence.refuses(fence.rows, codes=codes, pre_sql=[{"sql": text, "in_transaction": False}])
