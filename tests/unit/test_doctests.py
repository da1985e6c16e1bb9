"""Runs the examples in the docstrings of the package; a module without an example is not imported."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def find_modules_with_examples() -> list[str]:
    files = sorted((ROOT / "dataflow_provider").rglob("*.py"))
    with_examples = [file for file in files if ">>> " in file.read_text(encoding="utf-8")]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in with_examples]


@pytest.mark.parametrize("module_name", find_modules_with_examples())
def test_docstring_examples_are_true(module_name: str) -> None:
    module = importlib.import_module(module_name)
    finished = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert finished.attempted > 0
    assert finished.failed == 0
