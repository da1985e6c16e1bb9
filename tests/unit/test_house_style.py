"""Measures the house style: sizes, names, suppressions, and what must never be named in a tracked file.

The limits are those of CONTRIBUTING.md. A table (type map, keyword list) may be longer: TABLES names it and says why.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THIS_FILE = "tests/unit/test_house_style.py"

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
# "path" or "path::function" → why it is a table and may be longer.
TABLES: dict[str, str] = {}

EMPTY_WORDS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "misc"})
# "path" or "path::Class" → whose word it is.
FOREIGN_WORDS: dict[str, str] = {}

# Kind → (what it looks like, what a reasoned one looks like, how many there may be). Lower a number when one goes;
# raise it only in a change whose review agreed that there is no other way.
SUPPRESSIONS: dict[str, tuple[str, str, int]] = {
    "noqa": (r"#\s*noqa\b", r"#\s*noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+(#|-|–)\s*\w", 40),
    "type: ignore": (r"#\s*type:\s*ignore", r"#\s*type: ignore\[[\w-]+(, ?[\w-]+)*\]\s+#\s*\w", 40),
    "eslint-disable": (r"eslint-disable", r"eslint-disable-(next-)?line [\w@/-]+(, ?[\w@/-]+)* -- \w", 10),
    "@ts-expect-error": (r"@ts-(expect-error|ignore|nocheck)", r"@ts-expect-error \w", 5),
    "pragma: no cover": (r"pragma: no cover", r"pragma: no cover\s+(#|-|–)\s*\w", 10),
}

REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("python" + "hosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"),
        ("npmmirror", "com"), ("deb", "debian", "org"), ("security", "debian", "org"), ("proxy", "golang", "org"),
    )
]  # fmt: skip
WORKPLACE = re.compile("|".join((r"(?<![\w.-])/wo" + r"rk/(main|shared|library|\.)", r"/tmp/bo" + r"ot\b")))

CORE_ROOMS = ("spec", "dialects", "write_modes", "compiler", "sdk", "templates", "migration", "vcs", "lineage")


@dataclass(frozen=True)
class Function:
    """One function's place and its length in lines, without its docstring."""

    path: str
    name: str
    lines: int


@cache
def list_tracked_files() -> tuple[str, ...]:
    """What git tracks or would track, so that a new file is measured before its first commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return tuple(sorted(path for path in listed.split("\0") if path and (ROOT / path).is_file()))


@cache
def list_python_files() -> tuple[str, ...]:
    return tuple(path for path in list_tracked_files() if path.endswith(".py"))


def is_product(path: str) -> bool:
    return path.startswith("dataflow_provider/") or path == "plugins/dataflow_plugin.py"


@cache
def read_lines(path: str) -> tuple[str, ...]:
    return tuple((ROOT / path).read_text(encoding="utf-8").splitlines())


@cache
def parse_file(path: str) -> ast.Module:
    return ast.parse("\n".join(read_lines(path)), filename=path)


@cache
def measure_functions() -> tuple[Function, ...]:
    return tuple(function for path in list_python_files() for function in iterate_functions(path))


def iterate_functions(path: str) -> Iterator[Function]:
    for node in ast.walk(parse_file(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(path, node.name, count_lines(node))


def count_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    skipped = (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - skipped


def read_p90(values: list[int]) -> float:
    return statistics.quantiles(values, n=10)[-1] if len(values) > 1 else float(values[0])


def test_python_files_stay_under_the_hard_limit() -> None:
    long = {path: len(read_lines(path)) for path in list_python_files() if path not in TABLES}
    assert {path: lines for path, lines in long.items() if lines > MAX_FILE_LINES} == {}


def test_functions_stay_under_the_hard_limit() -> None:
    long = [
        f"{function.path}::{function.name} has {function.lines} lines"
        for function in measure_functions()
        if function.lines > MAX_FUNCTION_LINES and f"{function.path}::{function.name}" not in TABLES
    ]
    assert long == []


def test_product_functions_are_short_as_a_rule() -> None:
    lengths = [function.lines for function in measure_functions() if is_product(function.path)]
    assert statistics.median(lengths) <= 10
    assert read_p90(lengths) <= 35


def test_product_files_are_short_as_a_rule() -> None:
    paths = [path for path in list_python_files() if is_product(path) and path not in TABLES]
    lengths = [len(read_lines(path)) for path in paths if read_lines(path)]
    assert statistics.median(lengths) <= 120
    assert read_p90(lengths) <= 400


def test_exceptions_name_what_exists() -> None:
    assert [place for place in (*TABLES, *FOREIGN_WORDS) if not is_defined(*place.partition("::"))] == []


def is_defined(path: str, _: str, name: str) -> bool:
    if path not in list_python_files():
        return False
    return not name or bool(re.search(rf"^\s*(async )?(def|class) {name}\b", "\n".join(read_lines(path)), re.MULTILINE))


def test_modules_and_classes_are_not_named_after_nothing() -> None:
    named = [path for path in list_python_files() if EMPTY_WORDS & set(Path(path).with_suffix("").parts)]
    named += [path for path in list_python_files() if EMPTY_WORDS & set(Path(path).stem.split("_"))]
    named += [
        f"{path}::{node.name}"
        for path in list_python_files()
        for node in ast.walk(parse_file(path))
        if isinstance(node, ast.ClassDef) and EMPTY_WORDS & {word.lower() for word in split_words(node.name)}
    ]
    assert sorted({name for name in named if name not in FOREIGN_WORDS}) == []


def split_words(name: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)


@cache
def find_suppressions(kind: str) -> tuple[tuple[str, str], ...]:
    """Every (place, line) that silences a checker in this way, in Python and in the web app's sources."""
    pattern = re.compile(SUPPRESSIONS[kind][0])
    sources = [path for path in list_tracked_files() if path.endswith((".py", ".ts", ".tsx", ".js", ".mjs"))]
    return tuple(
        (f"{path}:{number}", line)
        for path in sources
        if path != THIS_FILE
        for number, line in enumerate(read_lines(path), start=1)
        if pattern.search(line)
    )


@pytest.mark.parametrize("kind", SUPPRESSIONS)
def test_suppressions_stay_under_their_ceiling(kind: str) -> None:
    found = [place for place, _ in find_suppressions(kind)]
    assert len(found) <= SUPPRESSIONS[kind][2], f"{kind}: repair the code rather than silence the checker: {found}"


@pytest.mark.parametrize("kind", SUPPRESSIONS)
def test_suppressions_name_their_rule_and_their_reason(kind: str) -> None:
    reasoned = re.compile(SUPPRESSIONS[kind][1])
    assert [place for place, line in find_suppressions(kind) if not reasoned.search(line)] == []


def test_no_tracked_file_names_a_registry_or_a_workplace() -> None:
    named = [
        f"{path}:{number}"
        for path in list_tracked_files()
        for number, line in enumerate(iterate_text(path), start=1)
        if WORKPLACE.search(line) or any(host in line for host in REGISTRY_HOSTS)
    ]
    assert named == []


def iterate_text(path: str) -> tuple[str, ...]:
    try:
        return read_lines(path)
    except UnicodeDecodeError:
        return ()


def test_import_contract_holds_every_core_room() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    core = next(contract for contract in contracts if contract["name"].startswith("The core runs without Airflow"))
    package = ROOT / "dataflow_provider"
    present = [
        room for room in CORE_ROOMS if (package / room / "__init__.py").is_file() or (package / f"{room}.py").is_file()
    ]
    assert sorted(core["source_modules"]) == sorted(f"dataflow_provider.{room}" for room in present)
