"""What is left out on a stand-in is told in the docs, and is still a test that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import test_casts, test_handover, test_incremental, test_names, test_write_modes
from tests.conformance.exclusions import EXCLUSIONS, Exclusion

MODULES = (test_casts, test_handover, test_incremental, test_names, test_write_modes)
TESTED = {name for module in MODULES for name in vars(module) if name.startswith("test_")}


@pytest.mark.parametrize("exclusion", EXCLUSIONS, ids=[f"{one.engine}-{one.subject}" for one in EXCLUSIONS])
def test_exclusion_stands_in_the_docs_and_names_tests(exclusion: Exclusion, repo_root: Path) -> None:
    page = (repo_root / "docs/sql.md").read_text(encoding="utf-8")
    assert exclusion.as_row in page.splitlines()
    assert {pattern.partition("[")[0] for pattern in exclusion.tests} <= TESTED
