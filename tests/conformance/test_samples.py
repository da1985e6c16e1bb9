"""A random part of the rows on every engine: as many as asked, and with a seed the same each time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.data import Table
from tests.conformance.engine import Engine, normal
from tests.conformance.reference import Rows

COUNT = 400
MANY = Table(
    "many",
    {"id": "INTEGER", "Kind": "VARCHAR"},
    tuple((number, None if number % 7 == 0 else f"k{number % 5}") for number in range(COUNT)),
)


@pytest.fixture(scope="module")
def many(engine: Engine) -> Engine:
    engine.create(MANY)
    return engine


def draw(engine: Engine, case: str, sample: dict[str, Any]) -> Rows:
    node = {"type": "transform.sort", "from": "many", "sample": sample}
    return engine.run(f"sample_{case}", {"s": node}, {"s": MANY.rows})["s"]


@pytest.mark.parametrize("seed", [{}, {"seed": 7}], ids=["drawn", "seeded"])
def test_sample_has_the_wanted_size_and_rows_of_the_input(many: Engine, seed: dict[str, int]) -> None:
    name = "seeded" if seed else "drawn"
    share = draw(many, f"{name}_percent", {"percent": 25, **seed})
    assert 50 < len(share) < 150
    exactly = draw(many, f"{name}_rows", {"rows": 50, **seed})
    assert len(exactly) == 50
    for rows in (share, exactly):
        assert not normal(rows) - normal(MANY.rows)


def test_seed_gives_the_same_rows_each_time_and_another_seed_others(many: Engine) -> None:
    for size in ({"percent": 25}, {"rows": 50}):
        kind = next(iter(size))
        first = draw(many, f"{kind}_first", {**size, "seed": 1})
        assert normal(draw(many, f"{kind}_again", {**size, "seed": 1})) == normal(first)
        assert normal(draw(many, f"{kind}_other", {**size, "seed": 2})) != normal(first)
