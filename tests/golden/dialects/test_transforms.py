"""Every transform on every engine: the text is kept, its own dialect reads it, and on DuckDB it means the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.compiler.compiled import CompiledStage
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from tests.golden.conftest import Golden
from tests.golden.dialects.engines import ENGINES, as_duckdb, parse, query_in
from tests.golden.dialects.pipelines import TRANSFORMS, Words, pipeline, sources

HERE = Path(__file__).parent
CASES = [(engine, name) for engine in ENGINES for name in TRANSFORMS]
VALUES = RunValues("run", params={"min_id": 5})
REFUSED = {
    "sybase": {"select_cast_null", "select_cast_reject", "deduplicate", "deduplicate_any", "window", "sort_offset"}
}


def compiled(engine: str, transform: str) -> list[CompiledStage]:
    words = ENGINES.get(engine, Words())
    plan = plan_pipeline(pipeline({**sources(engine, words), **TRANSFORMS[transform](words)}, engine))
    return [compile_stage(plan, stage, VALUES) for stage in plan.stages]


def steps(engine: str, transform: str) -> list[Step]:
    return [step for stage in compiled(engine, transform) for step in stage.steps]


@pytest.mark.parametrize(("engine", "transform"), CASES)
def test_sql_of_a_transform_is_as_reviewed(engine: str, transform: str, golden: Golden) -> None:
    try:
        text = "".join(f"-- {step.kind}\n{step.sql};\n\n" for step in steps(engine, transform))
    except CompileError as refusal:
        assert transform in REFUSED.get(engine, set())
        text = f"-- refused\n-- {refusal}\n"
    else:
        assert transform not in REFUSED.get(engine, set())
    golden(HERE / engine / f"{transform}.sql", text)


@pytest.mark.parametrize(("engine", "transform"), CASES)
def test_sql_of_a_transform_is_read_by_its_own_dialect(engine: str, transform: str) -> None:
    if transform in REFUSED.get(engine, set()):
        with pytest.raises(CompileError, match=r"DF-SQL-021.*cannot carry out.*\(node `\w+`\)"):
            steps(engine, transform)
        return
    queries = [query_in(engine, step.sql) for step in steps(engine, transform)]
    assert sum(query is not None for query in queries) >= 2
    for query in queries:
        if query is not None:
            parse(engine, query)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute((HERE / "setup.sql").read_text(encoding="utf-8"))
        yield connection


def rows_of(database: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    # Numbers of the engines' own types come back as several types of Python, and reasons name the engine's type.
    found = (str([str(value) for value in row]) for row in database.execute(query).fetchall())
    return sorted(re.sub(r"cast to \w+(\(\d+\))?", "cast", row) for row in found)


def meanings(engine: str, transform: str) -> list[str]:
    """Return the queries of a transform in DuckDB's words: what builds tables, and what checks rows."""
    found = (query_in(engine, step.sql) for step in steps(engine, transform) if step.kind in ("stage", "check"))
    return [as_duckdb(engine, query) for query in found if query is not None]


def expected(transform: str) -> list[str]:
    return [
        step.sql.partition(" AS\n")[2] if step.kind == "stage" else step.sql
        for step in steps("duckdb", transform)
        if (step.kind == "stage" and "CREATE OR REPLACE" in step.sql) or step.kind == "check"
    ]


@pytest.mark.parametrize(("engine", "transform"), CASES)
def test_sql_of_a_transform_means_the_same_rows(
    engine: str, transform: str, database: duckdb.DuckDBPyConnection
) -> None:
    if transform in REFUSED.get(engine, set()):
        return
    ours = [rows_of(database, query) for query in meanings(engine, transform)]
    theirs = [rows_of(database, query) for query in expected(transform)]
    assert ours[0] == theirs[0]
    assert len(ours[0]) > 0
    if get_dialect(engine).strict_cast:
        assert ours == theirs


@pytest.mark.parametrize("engine", ENGINES)
def test_only_refusals_differ_between_engines(engine: str) -> None:
    kept = {path.stem for path in (HERE / engine).glob("*.sql")}
    assert set(TRANSFORMS) <= kept
