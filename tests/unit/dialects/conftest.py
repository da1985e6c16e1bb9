"""An author's text, and the trees that the compiler makes, as an engine's SQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlglot

from dataflow_provider.compiler.sqltext import parse_query
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render

Rendered = Callable[[str, str], str]


@pytest.fixture
def written() -> Rendered:
    """Return what an author's query becomes: `written(engine, text)`."""

    def as_written(engine: str, text: str) -> str:
        dialect = get_dialect(engine)
        return render(parse_query(text, dialect), dialect, pretty=False)

    return as_written


@pytest.fixture
def lowered() -> Rendered:
    """Return what a tree of the compiler, told in DuckDB's words, becomes: `lowered(engine, text)`."""

    def as_lowered(engine: str, text: str) -> str:
        return render(sqlglot.parse_one(text, dialect="duckdb"), get_dialect(engine), pretty=False)

    return as_lowered
