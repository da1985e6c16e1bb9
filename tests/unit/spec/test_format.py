from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.format import comments_of, format_pipeline

MESSY = """\
# yaml-language-server: $schema=pipeline.v1.json
# Kept at the top

nodes:
    calls:
        # the table of the mediation
        table: cdr.voice   # with a comment behind
        type: "source.duckdb"

    # about the filter
    long_calls:
        where: |
            duration_s >= 60   # no comment, but text
            # neither is this
        from: calls
        type: transform.filter
    out:
        write: {keys: [a,   b], mode: upsert}
        # foot of from
        from: long_calls
        type: target.duckdb
        table: 'mart.x'
id: messy   # the id
kind: Pipeline
# the version
apiVersion: dataflow/v1
schedule: {cron: "0 6 * * *", start: 2026-01-01 00:00:00Z}
"""


def test_format_of_a_messy_file_orders_keys_and_keeps_comments_with_them() -> None:
    formatted = format_pipeline(MESSY)
    lines = formatted.splitlines()
    assert lines[:2] == MESSY.splitlines()[:2]
    assert [line.split(":")[0] for line in lines if line[:1].isalpha()] == [
        "apiVersion",
        "kind",
        "id",
        "schedule",
        "nodes",
    ]
    assert lines[lines.index("apiVersion: dataflow/v1") - 1] == "# the version"
    table = next(number for number, line in enumerate(lines) if line.strip().startswith("table: cdr.voice"))
    assert lines[table].endswith("# with a comment behind")
    assert lines[table - 1] == '    type: "source.duckdb"'
    assert lines[table - 2] == "    # the table of the mediation"
    assert "  # about the filter" in lines
    from_line = next(number for number, line in enumerate(lines) if line.strip() == "from: long_calls")
    assert lines[from_line - 1].strip() == "# foot of from"


def test_format_changes_no_value_no_quote_and_no_comment() -> None:
    formatted = format_pipeline(MESSY)
    assert read_document(formatted).data == read_document(MESSY).data
    assert sorted(comments_of(formatted)) == sorted(comments_of(MESSY))
    assert "start: 2026-01-01 00:00:00Z" in formatted
    assert '"source.duckdb"' in formatted
    assert "'mart.x'" in formatted


def test_format_twice_is_format_once() -> None:
    once = format_pipeline(MESSY)
    assert format_pipeline(once) == once


def test_format_of_windows_line_ends_gives_plain_ones() -> None:
    assert format_pipeline(MESSY.replace("\n", "\r\n")) == format_pipeline(MESSY)


def test_comments_of_scalars_with_hashes_counts_only_comments() -> None:
    text = "a: 'x # no' # yes\nb: |\n  # no\nc: x#no\n# yes too\n"
    assert comments_of(text) == ["# yes", "# yes too"]


def test_samples_are_in_canonical_layout(repo_root: Path) -> None:
    samples = [path for path in (repo_root / "yaml_pipelines").rglob("*.yaml") if not path.parts[-2].startswith("_")]
    assert len(samples) >= 6
    assert [path.name for path in samples if format_pipeline(path.read_text("utf-8")) != path.read_text("utf-8")] == []


WORDS = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=6)
COMMENTS = st.none() | WORDS.map("# {}".format)


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    """A file with its keys in any order and comments anywhere between them."""
    node_ids = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    blocks = [["apiVersion: dataflow/v1"], ["kind: Pipeline"], ["id: any"], [f"name: {draw(WORDS)} # {draw(WORDS)}"]]
    nodes = ["nodes:"]
    for node_id in node_ids:
        nodes.append(f"  {node_id}:")
        fields = [
            "type: transform.filter",
            "from: other",
            f"where: |\n      a > 1 # {draw(WORDS)}\n      # text",
        ]
        for text in draw(st.permutations(fields)):
            nodes.extend(f"    {line}" for line in [draw(COMMENTS), text] if line is not None)
    parts: list[str] = []
    for block in draw(st.permutations([*blocks, nodes])):
        parts.extend(line for line in [draw(COMMENTS), *block] if line is not None)
        parts.extend([""] * draw(st.integers(0, 1)))
    return "\n".join(parts) + "\n"


@given(pipelines())
def test_format_of_any_layout_is_idempotent_and_loses_nothing(text: str) -> None:
    once = format_pipeline(text)
    assert format_pipeline(once) == once
    assert sorted(comments_of(once)) == sorted(comments_of(text))
    assert read_document(once).data == read_document(text).data


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
def test_format_ends_in_one_newline(ending: str) -> None:
    text = "apiVersion: dataflow/v1\nkind: Pipeline\nid: a\nnodes: {x: {type: source.duckdb, table: t}}" + ending
    formatted = format_pipeline(text)
    assert formatted.endswith("}\n")
    assert not formatted.endswith("\n\n")


def test_text_that_only_libyaml_reads_is_told_with_its_place() -> None:
    with pytest.raises(AuthorError) as raised:
        format_pipeline("id: a\nnodes:\n  e: {prompt: Kind?, inputs: [x]}\n")
    assert raised.value.code == "DF-FMT-002"
    assert raised.value.place is not None
    assert raised.value.place.line == 3
