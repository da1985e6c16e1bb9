"""The engines that SQL can be made for."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from dataflow_provider.errors import AuthorError


def test_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(AuthorError, match=r"DF-DIALECT-001.*`db2`.*`duckdb`"):
        get_dialect("db2")


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_engine_is_one_that_the_parser_knows(name: str) -> None:
    dialect = get_dialect(name)
    assert dialect.name == name
    # SAP HANA has no dialect there: it is read and written by the general one.
    assert (type(sqlglot.Dialect.get_or_raise(dialect.sqlglot)).__name__ == "Dialect") == (name == "saphana")


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_names_are_quoted_so_that_none_breaks_out(name: str) -> None:
    dialect = get_dialect(name)
    for odd in ('a"; DROP TABLE x', "a`; DROP TABLE x", "a]; DROP TABLE x"):
        table = exp.to_table(dialect.stage_table(odd), dialect=dialect.sqlglot)
        assert tuple(part.name for part in table.parts) == dialect.stage_parts(odd)
