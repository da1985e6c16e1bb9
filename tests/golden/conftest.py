"""Golden files: what the product writes, kept as text. `pytest tests/golden --update-golden` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]


@pytest.fixture
def golden(update_golden: bool) -> Golden:
    """Compares a text with a golden file, or writes the file when asked to."""

    def compare(path: Path, text: str) -> None:
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing; run with --update-golden and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare
