"""What is not on an engine's list is refused; what an author wrote is the engine's to judge."""

from __future__ import annotations

import pytest
from sqlglot import exp

from dataflow_provider.compiler.sqltext import parse_query
from dataflow_provider.dialects.allowed import EVERYWHERE, refuse_unlisted
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from dataflow_provider.dialects.render import render
from tests.unit.dialects.conftest import Rendered

LISTED = sorted(name for name, dialect in DIALECTS.items() if dialect.emits is not None)


def select(value: exp.Expr) -> exp.Select:
    return exp.Select(expressions=[exp.alias_(value, "v", quoted=True)]).from_(exp.to_table("t"), copy=False)


@pytest.mark.parametrize("engine", LISTED)
@pytest.mark.parametrize(
    "value",
    [
        exp.Anonymous(this="NO_SUCH_FUNCTION", expressions=[]),
        exp.JSONExtract(this=exp.column("a"), expression=exp.null()),
    ],
    ids=["function", "node"],
)
def test_function_or_node_that_nobody_listed_is_refused(engine: str, value: exp.Expr) -> None:
    with pytest.raises(
        UnsupportedHereError, match=rf"DF-SQL-021.*{engine} cannot carry out `(NO_SUCH|JSONExtract)"
    ) as caught:
        render(select(value.copy()), get_dialect(engine))
    assert "transform.sql" in str(caught.value.hint)


@pytest.mark.parametrize("engine", LISTED)
def test_unknown_function_of_an_author_is_left_to_the_database(engine: str, written: Rendered) -> None:
    assert "NO_SUCH_FUNCTION(" in written(engine, "SELECT NO_SUCH_FUNCTION(a) AS v FROM t").upper()


def test_only_duckdb_has_no_list_since_trees_are_made_in_its_words() -> None:
    assert set(DIALECTS) - set(LISTED) == {"duckdb"}


@pytest.mark.parametrize("engine", LISTED)
def test_every_listed_node_is_one_that_there_is(engine: str) -> None:
    nodes = {word for word in EVERYWHERE | (get_dialect(engine).emits or frozenset()) if not word.endswith("()")}
    assert [word for word in nodes if not hasattr(exp, word)] == []


def test_mark_of_an_author_stays_through_copies() -> None:
    tree = parse_query("SELECT JSON_EXTRACT(a, '$.b') AS v FROM t", get_dialect("mysql")).copy()
    refuse_unlisted(tree, get_dialect("mysql"))
