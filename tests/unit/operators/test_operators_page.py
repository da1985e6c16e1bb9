"""The page of the operators names every operator, hook and argument that the provider offers."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from airflow.sdk import BaseOperator

from dataflow_provider.provider_info import get_provider_info


def offered(kind: str) -> list[type]:
    """Return the public classes that the provider's modules of a kind define."""
    names = [name for group in get_provider_info()[kind] for name in group["python-modules"]]
    return [
        one
        for name in names
        for _, one in inspect.getmembers(import_module(name), inspect.isclass)
        if one.__module__ == name and not one.__name__.startswith("_")
    ]


@pytest.mark.parametrize("operator", offered("operators"), ids=lambda one: one.__name__)
def test_operators_page_has_every_argument(operator: type[BaseOperator], repo_root: Path) -> None:
    page = (repo_root / "docs" / "operators.md").read_text()
    section = re.search(rf"^## {operator.__name__}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/operators.md lacks the section `## {operator.__name__}`"
    assert f"from {operator.__module__} import {operator.__name__}" in section[1]
    arguments = [name for name in inspect.signature(operator.__init__).parameters if name not in ("self", "kwargs")]
    assert [name for name in arguments if not re.search(rf"^\|.*`{name}`", section[1], re.MULTILINE)] == []
    templates = {name for name in arguments if re.search(rf"^\| .*`{name}`.*A template", section[1], re.MULTILINE)}
    assert templates == set(operator.template_fields)


def test_operators_page_has_every_hook(repo_root: Path) -> None:
    page = (repo_root / "docs" / "operators.md").read_text()
    assert [one.__name__ for one in offered("hooks") if f"## {one.__name__}\n" not in page] == []
