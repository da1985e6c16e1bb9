"""Every code that the product can say has a row on the findings page, and the page holds no other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

CODE = re.compile(r"DF-[A-Z]+-[0-9]{3}")
ROW = re.compile(r"^\| (DF-[A-Z]+-[0-9]{3}) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "findings.md").read_text()


def codes_in_source(root: Path) -> set[str]:
    paths = sorted((root / "dataflow_provider").rglob("*.py"))
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.expr)]
    return {code for node in nodes if (code := code_of(node))}


def test_findings_page_lists_every_code_and_no_other(repo_root: Path, page: str) -> None:
    said, listed = codes_in_source(repo_root), {row[0] for row in ROW.findall(page)}
    assert said
    assert sorted(said - listed) == [], "add a row for each to docs/findings.md"
    assert sorted(listed - said) == [], "no code of the product says these; take their rows out"


def test_findings_page_lists_each_code_once_with_cause_and_mending(page: str) -> None:
    rows = ROW.findall(page)
    assert [code for code, count in Counter(row[0] for row in rows).items() if count > 1] == []
    assert len(rows) == len(re.findall(r"^\| DF-", page, re.MULTILINE))


def test_findings_page_says_which_codes_are_warnings(repo_root: Path, page: str) -> None:
    spoken = {code for code, cause, _ in ROW.findall(page) if cause.startswith("Warning: ")}
    assert spoken == warnings_in_source(repo_root)


def warnings_in_source(root: Path) -> set[str]:
    found: set[str] = set()
    for path in sorted((root / "dataflow_provider").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and "Severity.WARNING" in {ast.unparse(part) for part in call_values(node)}:
                found |= {code for part in call_values(node) if (code := code_of(part))}
    return found


def call_values(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def code_of(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and CODE.fullmatch(value) else None
