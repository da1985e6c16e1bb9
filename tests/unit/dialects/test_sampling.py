"""How samples are written on engines that do not run here, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from tests.golden.dialects.engines import ENGINES, parse, query_in
from tests.golden.dialects.pipelines import pipeline, sources


def compiled(engine: str, sample: dict[str, Any], *, declared: bool = True) -> str:
    """Return the statement that builds the stage of a sample."""
    given = sources(engine, ENGINES[engine])
    if not declared:
        given = {name: {key: value for key, value in node.items() if key != "schema"} for name, node in given.items()}
    nodes = {**given, "s": {"type": "transform.sort", "from": "orders", "sample": sample}}
    plan = plan_pipeline(pipeline(nodes, engine))
    found = [step.sql for stage in plan.stages for step in compile_stage(plan, stage, RunValues("run")).steps]
    query = next(query for sql in found if (query := query_in(engine, sql)) is not None and "raw" in query.lower())
    parse(engine, query)
    return " ".join(query.split()).replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize(
    ("engine", "percent", "rows"),
    [
        ("snowflake", "TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE (5 ROWS)"),
        ("databricks", "RAND() * 1000000 < 100000", "RAND() * 1000000"),
        ("oracle", "DBMS_RANDOM.VALUE(0, 1000000) < 100000", "FETCH FIRST 5 ROWS ONLY"),
        ("sqlserver", "CHECKSUM(NEWID()) & 2147483647", "TOP 5"),
        ("saphana", "RAND() * 1000000 < 100000", "LIMIT 5"),
        ("teradata", "SAMPLE 0.1", "SAMPLE 5"),
    ],
)
def test_sample_without_a_seed_is_drawn_for_each_row(engine: str, percent: str, rows: str) -> None:
    assert percent in compiled(engine, {"percent": 10})
    assert rows in compiled(engine, {"rows": 5})


@pytest.mark.parametrize(
    ("engine", "function"),
    [
        ("snowflake", "MD5("),
        ("databricks", "MD5("),
        ("oracle", "STANDARD_HASH("),
        ("sqlserver", "HASHBYTES('MD5'"),
        ("saphana", "HASH_MD5("),
        ("teradata", "HASHROW("),
        ("sybase", "HASH("),
    ],
)
def test_sample_with_a_seed_goes_by_a_hash_of_the_row(engine: str, function: str) -> None:
    text = compiled(engine, {"percent": 10, "seed": 7})
    assert function in text
    assert "'1999999a'" in text
    assert "'7'" in text


def test_whole_share_takes_every_row() -> None:
    assert "'g'" in compiled("snowflake", {"percent": 100, "seed": 7})


@pytest.mark.parametrize(
    ("engine", "sample", "declared", "alternative"),
    [
        ("sybase", {"percent": 10}, True, "Give it a `seed`"),
        ("oracle", {"percent": 10, "seed": 1}, False, "Declare `schema`"),
    ],
)
def test_sample_that_cannot_be_drawn_is_refused(
    engine: str, sample: dict[str, Any], declared: bool, alternative: str
) -> None:
    with pytest.raises(CompileError, match=f"DF-SQL-021.*{alternative}"):
        compiled(engine, sample, declared=declared)
