"""Every transform on every engine that runs here gives the rows of the plain-Python reference."""

from __future__ import annotations

import pytest

from tests.conformance.cases import CASES, Case
from tests.conformance.engine import Engine, normal


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_transform_gives_the_rows_of_the_reference(name: str, case: Case, engine: Engine) -> None:
    found = engine.run(name.replace("-", "_"), case.nodes, case.expected)
    for ref, rows in case.expected.items():
        assert normal(found[ref]) == normal(rows), ref
