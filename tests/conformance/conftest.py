"""Engines with the tables of the conformance suite, made once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.engine import Engine
from tests.conformance.exclusions import is_excluded
from tests.engines.live import ENGINES

TESTED = tuple(sorted(ENGINES))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what `exclusions.py` names; pytest tells how many it was."""
    left_out = [item for item in items if is_excluded(item.name)]
    if left_out:
        items[:] = [item for item in items if not is_excluded(item.name)]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    name: str = request.param
    folder = tmp_path_factory.mktemp(f"conformance-{name}")
    with ENGINES[name](request, folder) as (spec, schema):
        made = Engine(name, spec, schema, folder)
        with made.kept:
            made.prepare()
            yield made
