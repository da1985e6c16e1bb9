from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataflow_provider.dag_factory.stub import (
    CALL,
    HEADER,
    NotAStubError,
    Origin,
    extract_origin,
    extract_path,
    extract_yaml,
    render_stub,
)

ORIGIN = Origin("/p/yaml_pipelines/telecom/calls.yaml", "/p/yaml_pipelines", "telecom")

# Text made of the pieces that have broken comment-wrapping before, mixed with anything.
NASTY = st.sampled_from(
    [
        "\r", "\r\n", "\n", "\x0b", "\x0c", "\x1a", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00",
        "\ufeff", "\u202e", "\u241b", "\u241bd\u241b", "\udc80", "\\", '"""', "'''", "# coding: utf-7",
        "+AAo-import os",
        "import os; os.abort()", "\t", " ", "#", "{{ x }}", "${HOME}", "raise SystemExit",
    ]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text(max_size=20), max_size=12).map("".join)


@given(TEXT)
@example("")
@example("\n")
@example("a\r\nb\n\n")
@example("# -*- coding: utf-7 -*-\n+AAo-raise SystemExit\n")
def test_stub_of_any_text_gives_the_text_back(text: str) -> None:
    assert extract_yaml(render_stub(ORIGIN, text)) == text


@given(TEXT)
@example("\rraise SystemExit\r")
@example("\x0craise SystemExit\x0c")
def test_stub_of_any_text_holds_one_call_and_comments(text: str) -> None:
    source = render_stub(ORIGIN, text).encode("utf-8")
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(CALL))
    assert tokenize.detect_encoding(io.BytesIO(source).readline)[0] == "utf-8"
    # Editors and log viewers break lines in more places than Python does.
    assert all(line.startswith("#") or line == CALL for line in source.decode("utf-8").splitlines())


def test_stub_opens_with_our_lines_and_the_words_airflow_looks_for() -> None:
    stub = render_stub(ORIGIN, "a: 1\n")
    assert stub.splitlines()[:2] == [HEADER, CALL]
    assert b"airflow" in stub.lower().encode()
    assert b"dag" in stub.lower().encode()


def test_stub_shows_plain_yaml_as_it_is_written() -> None:
    yaml = "id: café\nwhere: \"name ~ '^\\d+$'\"\n"
    assert "\n".join(line[2:] for line in render_stub(ORIGIN, yaml).splitlines()[3:]) == yaml


def test_stub_of_text_that_is_not_utf_8_gives_the_bytes_back() -> None:
    raw = b"id: caf\xe9\n\xff\xfe"
    text = raw.decode("utf-8", errors="surrogateescape")
    stub = render_stub(ORIGIN, text).encode("utf-8").decode("utf-8")
    assert extract_yaml(stub).encode("utf-8", errors="surrogateescape") == raw


@given(st.text(max_size=30))
@example('"\nimport os')
@example("\r\x00\udc80")
def test_stub_of_any_path_names_it_and_stays_a_comment(name: str) -> None:
    origin = Origin(f"/p/y/{name}/a.yaml", "/p/y", name, rivals=(name,))
    stub = render_stub(origin, "a: 1\n")
    assert extract_origin(stub) == origin
    assert ast.dump(ast.parse(stub.encode("utf-8"))) == ast.dump(ast.parse(CALL))


def test_origin_of_a_stub_names_the_path_and_the_shown_path() -> None:
    stub = render_stub(ORIGIN, "a: 1\n")
    assert extract_path(stub) == Path("/p/yaml_pipelines/telecom/calls.yaml")
    assert extract_origin(stub).shown == "yaml_pipelines/telecom/calls.yaml"


@pytest.mark.parametrize("text", ["", "x = 1\n", f"{HEADER}\n{CALL}\n", f"{HEADER}\n{CALL}\n# else\n# a: 1\n"])
def test_extract_from_text_that_is_no_stub_is_refused(text: str) -> None:
    with pytest.raises(NotAStubError):
        extract_yaml(text)


def test_extract_yaml_of_a_stub_without_its_text_is_refused() -> None:
    stub = render_stub(Origin("/p/y/w/a.yaml", "/p/y", "w", refused="size"), "")
    assert extract_path(stub) == Path("/p/y/w/a.yaml")
    with pytest.raises(NotAStubError):
        extract_yaml(stub)
