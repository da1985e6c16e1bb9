"""Every kept statement is read by its engine's own dialect, or has a shape that the parser has no words for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from dataflow_provider.dialects.publish import Layout
from dataflow_provider.dialects.registry import get_dialect
from tests.golden.dialects.engines import ENGINES, query_in

HERE = Path(__file__).parent
NAME = r'(?:"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?|\[[^\]]+\](?:\.\[[^\]]+\])?)'
QUERY = r"SELECT .+"
# What the parser has no words for, whole statements: locks, partitions, MERGE with DELETE WHERE, texts by case.
SHAPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "oracle": (
            rf"LOCK TABLE {NAME} IN EXCLUSIVE MODE WAIT \d+",
            rf"CREATE TABLE {NAME} PARTITION BY LIST \({NAME}\) AUTOMATIC \(PARTITION {NAME} VALUES .+\) AS {QUERY}",
            (
                rf"MERGE INTO {NAME} t USING \(\n{QUERY}\n\) s ON \(.+\)\nWHEN MATCHED THEN UPDATE SET .+?"
                r"\s+DELETE WHERE .+\nWHEN NOT MATCHED THEN INSERT \(.+\) VALUES \(.+\)(\s+WHERE .+)?"
            ),
        ),
        "saphana": (
            rf"LOCK TABLE {NAME} IN EXCLUSIVE MODE WAIT \d+",
            (
                r"DO BEGIN DECLARE found INTEGER; SELECT COUNT\(\*\) INTO found FROM SCHEMAS WHERE SCHEMA_NAME = '.+'; "
                r"IF :found = 0 THEN EXEC 'CREATE SCHEMA .+'; END IF; END"
            ),
            (
                rf"CREATE COLUMN TABLE {NAME} AS \({QUERY}\) WITH NO DATA"
                rf"( PARTITION BY HASH \({NAME}\) PARTITIONS GET_NUM_SERVERS\(\))?"
            ),
            rf"ALTER TABLE {NAME} ADD \({NAME} \w+(\(\d+(, ?\d+)?\))?\)",
        ),
        "sybase": (rf"LOCK TABLE {NAME} IN EXCLUSIVE MODE WAIT \d+",),
        "teradata": (
            rf"DELETE FROM {NAME} WHERE ({NAME}) = ('(?:[^']|'')*') AND \1 \(CASESPECIFIC\) = \2 \(CASESPECIFIC\)",
        ),
    }
)
# The shell of a new table as the vendor's manual has it.
NEW_TABLE: Mapping[str, str] = MappingProxyType(
    {
        "teradata": rf"CREATE MULTISET TABLE {NAME} AS \({QUERY}\) WITH NO DATA "
        rf"(NO PRIMARY INDEX|PRIMARY INDEX \({NAME}(, {NAME})*\))( PARTITION BY \(.+\))?",
        "oracle": rf"CREATE TABLE {NAME} (PARTITION BY .+ )?AS {QUERY}",
        "saphana": rf"CREATE COLUMN TABLE {NAME} AS \({QUERY}\) WITH NO DATA( PARTITION BY .+)?",
        "snowflake": rf"CREATE TABLE IF NOT EXISTS {NAME} (CLUSTER BY \(.+\) )?AS {QUERY}",
    }
)


def statements(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each kept statement of a folder with the name of its file."""
    for path in sorted((HERE / folder).glob("*.sql")):
        for part in path.read_text(encoding="utf-8").split(";\n\n"):
            text = re.sub(r"^-- \w+\n", "", part).strip()
            if text and not text.startswith("--"):
                yield path.name, text


def is_read(engine: str, text: str) -> bool:
    """Return whether the engine's dialect reads the text as statements that it knows."""
    try:
        trees = sqlglot.parse(text, dialect=get_dialect(engine).sqlglot)
    except ParseError:
        return False
    return all(tree is not None and tree.find(exp.Command) is None for tree in trees)


def has_shape(engine: str, text: str) -> bool:
    return any(re.fullmatch(shape, text, re.DOTALL) for shape in SHAPES.get(engine, ()))


@pytest.mark.parametrize("folder", [*ENGINES, "teradata_merge"])
def test_every_kept_statement_is_read_or_has_a_known_shape(folder: str) -> None:
    engine = folder.removesuffix("_merge")
    found = list(statements(folder))
    assert len(found) > 10
    unread = [
        (name, text)
        for name, text in found
        if query_in(engine, text) is None and not has_shape(engine, text) and not is_read(engine, text)
    ]
    assert unread == []


@pytest.mark.parametrize("text", ["CREATE FROBNICATE x", "LOCK TABLE x", "REBUILD THE INDEX of t"])
@pytest.mark.parametrize("engine", list(ENGINES))
def test_statement_that_nobody_knows_is_noticed(engine: str, text: str) -> None:
    assert not has_shape(engine, text)
    assert not is_read(engine, text)


@pytest.mark.parametrize("engine", list(NEW_TABLE))
@pytest.mark.parametrize("layout", [Layout(), Layout(primary_index=('"Key"',), cluster_by=('"Key"',))])
def test_shell_of_a_new_table_is_the_vendors(engine: str, layout: Layout) -> None:
    publish = get_dialect(engine).publish
    known = {field: getattr(layout, field) for field in publish.layout if getattr(layout, field)}
    text = publish.create_table('"M"."t"', 'SELECT "Key" FROM "s"', {"_run_id": publish.text_type(9)}, Layout(**known))
    assert re.fullmatch(NEW_TABLE[engine], text, re.DOTALL), text


@pytest.mark.parametrize(
    ("names", "mapped"), [(("id", "größe", "a-b"), False), (("id", "Order By"), True), (("a=b",), True)]
)
def test_delta_table_maps_its_columns_where_a_name_needs_it(names: tuple[str, ...], mapped: bool) -> None:
    text = get_dialect("databricks").publish.create_table("t", "SELECT * FROM s", {}, Layout(names=names))
    assert ("USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS " in text) is mapped
