"""The statements of a profile can be said in every dialect."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.lowering.tree import table
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from dataflow_provider.dialects.render import render
from dataflow_provider.preview.profile_sql import (
    BUCKETS,
    Figures,
    edges_of,
    figures_query,
    profiled_columns,
    shapes_query,
    top_query,
)


@pytest.mark.parametrize("name", DIALECTS)
def test_statements_of_a_profile_are_said_in_every_dialect(name: str) -> None:
    dialect = get_dialect(name)
    columns = profiled_columns({"n": "INTEGER", "t": "VARCHAR(20)", "x": "a type of its own"}, dialect)
    figures = {0: Figures(40, 40, -5, 35, 15.0)}
    source = table(("calls",))
    counted = render(figures_query(columns, source.copy()), dialect)
    # SQLite's values have types of their own, so what a column is not declared as is asked too.
    assert counted.upper().count("COUNT(") == (7 if name == "sqlite" else 6)
    if name == "sybase":
        with pytest.raises(UnsupportedHereError):
            render(shapes_query(columns[:1], figures, source.copy()), dialect)
        return
    shaped = render(shapes_query(columns[:1], figures, source.copy()), dialect)
    assert shaped.upper().count("ROW_NUMBER()") == 1
    assert shaped.upper().count("SUM(") == BUCKETS
    assert "GROUP BY" in render(top_query(columns[1], source.copy()), dialect).upper()


def test_edges_of_one_value_or_of_none_are_none() -> None:
    assert edges_of(Figures(3, 1, 7, 7, 7.0)) == []
    assert edges_of(Figures(0, 0, None, None, None)) == []
    assert edges_of(Figures(2, 2, float("-inf"), float("inf"), None)) == []
