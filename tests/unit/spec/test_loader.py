from __future__ import annotations

import string
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dataflow_provider.spec.document import LINE_BREAK, read_document
from dataflow_provider.spec.findings import Finding, Problem, Severity
from dataflow_provider.spec.loader import load_pipeline, parse_pipeline
from dataflow_provider.spec.node_types import NODE_TYPES
from tests.unit.spec.marked import FILE, load_text, pipeline_text, read_mark
from tests.unit.spec.test_rules import GOOD

CONTRACT_SAMPLE = Path(__file__).parent / "data" / "cdr_daily_usage.yaml"


def test_load_sample_of_the_language_has_no_finding() -> None:
    loaded = load_pipeline(CONTRACT_SAMPLE)
    assert loaded.findings == ()
    assert list(loaded.require().nodes) == ["calls", "plans", "long_calls", "rated", "usage", "checks", "mart"]


@pytest.mark.parametrize(
    ("text", "path", "key"),
    [
        ("a:\n  b: ⟪c\n", ("a", "b"), False),
        ("a:\n  ⟪b: c\n", ("a", "b"), True),
        ("a:\n  - x\n  - ⟪y\n", ("a", 1), False),
        ("a:\n  ⟪b:\n    c: d\n", ("a", "b"), False),
        ("a:\n  ⟪b:\n", ("a", "b"), False),
        ("a:\n  b: ⟪c\n", ("a", "b", "nowhere", 3), False),
        ("⟪a: b\n", ("z",), False),
        ("a: [{b: 1}, {b: ⟪2}]\n", ("a", 1, "b"), False),
    ],
)
def test_locate_path_gives_its_place_or_the_nearest_parents(text: str, path: tuple[str | int, ...], key: bool) -> None:
    marked = read_mark(text)
    assert parse_pipeline(marked.text, FILE).locate(path, key=key) == (marked.line, marked.column)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("q: SELECT ⟪x\n", "x"),
        ('q: "SELECT ⟪x"\n', "x"),
        ("q: |\n    SELECT\n      ⟪x\n", "x"),
        ("q: |\n\n  SELECT ⟪x\n", "x"),
        ("q: |-\n  ⟪x\n", "x"),
    ],
)
def test_finding_with_offset_stands_inside_the_text(text: str, word: str) -> None:
    marked = read_mark(text)
    loaded = parse_pipeline(marked.text, FILE)
    value = yaml.safe_load(marked.text)["q"]
    finding = loaded.finding(Problem("DF-X", ("q",), "m", offset=value.index(word)))
    assert (finding.line, finding.column) == (marked.line, marked.column)


@pytest.mark.parametrize("text", ["q: >\n  SELECT\n  x\n", "q: ⟪SELECT\n  x\n"])
def test_finding_with_offset_in_folded_text_stands_at_its_start(text: str) -> None:
    marked = read_mark(text)
    finding = parse_pipeline(marked.text, FILE).finding(Problem("DF-X", ("q",), "m", offset=7))
    assert (finding.line, finding.column) == (1, 4)


def test_finding_takes_node_and_severity_from_the_problem() -> None:
    loaded = load_text(pipeline_text(""))
    finding = loaded.finding(Problem("DF-X", ("nodes", "src", "table"), "m", "h", Severity.WARNING))
    assert finding == Finding("DF-X", Severity.WARNING, FILE, 5, 37, "src", "m", "h")


def test_require_with_warnings_alone_returns_the_pipeline() -> None:
    loaded = load_text(pipeline_text("  x: {type: transform.sort, from: src, limit: 1}\n"))
    assert [finding.severity for finding in loaded.findings] == [Severity.WARNING]
    assert loaded.require().id == "sample"


def test_nothing_is_expanded_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hush")
    text = pipeline_text("", "name: ${SECRET} $SECRET {{ env.SECRET }}\n")
    assert load_text(text).require().name == "${SECRET} $SECRET {{ env.SECRET }}"


# ---------------------------------------------------------------- whatever is thrown at it

KEYS = [
    "apiVersion",
    "kind",
    "id",
    "nodes",
    "type",
    "from",
    "after",
    "write",
    "mode",
    "keys",
    "schedule",
    "cron",
    "rules",
]
WORDS = st.one_of(
    st.sampled_from([*KEYS, *NODE_TYPES, "dataflow/v1", "Pipeline", "a", "b", "a.rejected", "5m", "0 6 * * *", "yes"]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.text(max_size=8),
)
DATA = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
NODES = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries(
        {"type": st.sampled_from(NODE_TYPES)},
        optional={
            "from": st.sampled_from(["a", "b", "x", ["a", "b"], {"left": "a", "right": "c"}, "a.rejected"]),
            "after": st.lists(st.sampled_from("abx"), max_size=2),
            "table": WORDS,
            "path": WORDS,
            "format": st.sampled_from(["csv", "cdr", 1]),
            "write": DATA,
            "columns": DATA,
            "keys": DATA,
            "rules": DATA,
            "query": WORDS,
            "where": WORDS,
        },
    ),
    min_size=1,
)


def check(findings: tuple[Finding, ...], text: str) -> None:
    lines = len(LINE_BREAK.split(text))
    for finding in findings:
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert finding.message.endswith(".")


@given(st.binary(max_size=200))
def test_parse_random_bytes_never_raises(data: bytes) -> None:
    loaded = parse_pipeline(data, FILE)
    assert loaded.findings
    check(loaded.findings, loaded.text)


@given(st.text(alphabet=string.printable + "&*!|>%@`äß\u2028\x85", max_size=200))
def test_parse_random_text_never_raises(text: str) -> None:
    loaded = parse_pipeline(text, FILE)
    assert loaded.findings
    check(loaded.findings, loaded.text)


@given(DATA)
def test_parse_random_yaml_never_raises(data: object) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    loaded = parse_pipeline(text, FILE)
    check(loaded.findings, loaded.text)
    assert loaded.findings


@given(NODES)
def test_parse_random_nodes_never_raises_and_explains_in_own_words(nodes: dict[str, object]) -> None:
    text = yaml.safe_dump(
        {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "sample", "nodes": nodes}, sort_keys=False
    )
    loaded = parse_pipeline(text, FILE)
    check(loaded.findings, loaded.text)
    assert "DF-SPEC-010" not in {finding.code for finding in loaded.findings}
    if loaded.pipeline is None:
        assert loaded.findings


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{3,8}", fullmatch=True).filter(lambda k: k not in ("yes", "off", "true", "null", "false")),
        st.text(string.ascii_letters + " äö:'\"#-?", max_size=20),
        max_size=5,
    )
)
def test_read_text_values_equals_what_was_dumped(data: dict[str, str]) -> None:
    assert read_document(yaml.safe_dump(data, allow_unicode=True, default_style='"')).data == data


# ---------------------------------------------------------------- good files with something changed

VALUES: tuple[Any, ...] = (
    None, True, 1, -1, 1.5, "", "x", "5m", "a.rejected", [], {}, ["a"], {"a": "b"}, [{"a": 1}], {"mode": "merge"},
    date(2026, 1, 1), datetime(2026, 1, 1), "2026-01-01", {"name": "x"}, [1, None],
)  # fmt: skip
PLACES = ("mode", "from", "where", "keys", "zzz", "cron", "table", "type", "name", "columns")


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths_of(value, (*path, key))


def change(data: Any, chance: Random) -> None:
    path = chance.choice(list(paths_of(data)))
    parent = data
    for step in path[:-1]:
        parent = parent[step]
    action = chance.random()
    if action < 0.6:
        parent[path[-1]] = deepcopy(chance.choice(VALUES))
    elif action < 0.8 or not isinstance(parent, dict):
        del parent[path[-1]]
    else:
        parent[chance.choice(PLACES)] = deepcopy(chance.choice(VALUES))


@given(st.integers(0, 10**9))
def test_parse_changed_pipeline_agrees_with_the_models_and_explains_every_refusal(seed: int) -> None:
    chance = Random(seed)
    text = CONTRACT_SAMPLE.read_text() if seed % 2 else pipeline_text(chance.choice(GOOD).replace("⟪", ""))
    data = read_document(text).data
    for _ in range(chance.randint(1, 3)):
        if data:
            change(data, chance)
    loaded = parse_pipeline(yaml.safe_dump(data, sort_keys=False), FILE)
    shape_codes = {finding.code for finding in loaded.findings if finding.code.startswith("DF-SPEC-")} - {"DF-SPEC-009"}
    assert "DF-SPEC-010" not in shape_codes
    assert bool(shape_codes) is (loaded.pipeline is None)


@pytest.mark.parametrize("written", ["null", '"null"', "~"])
def test_bare_null_is_a_choice_of_on_error(written: str) -> None:
    text = f"""\
apiVersion: dataflow/v1
kind: Pipeline
id: a
nodes:
  s: {{type: source.duckdb, table: t}}
  c: {{type: transform.select, from: s, columns: [{{name: x, cast: INTEGER, on_error: {written}}}]}}
  t: {{type: target.duckdb, from: c, table: m.t, write: {{mode: overwrite}}}}
"""
    loaded = parse_pipeline(text, "a.yaml")
    assert [one.code for one in loaded.findings] == []
    assert loaded.pipeline is not None
    assert loaded.pipeline.model_dump()["nodes"]["c"]["columns"][0]["on_error"] == "null"
