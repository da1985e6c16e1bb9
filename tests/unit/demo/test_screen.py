"""The terminal: whole lines for a log file, one rewritten line on a terminal, small tables."""

from __future__ import annotations

import io
import re

import pytest

from dataflow_provider.demo.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_step_in_a_log_file_is_written_once_at_its_end() -> None:
    out = io.StringIO()
    with Screen(out).step("hello_world") as step:
        step.update("queued")
        step.update("running")
        step.result = "success"
    assert re.fullmatch(r"  hello_world +success  \d+\.\d s\n", out.getvalue())


def test_step_on_a_terminal_rewrites_its_line() -> None:
    out = Terminal()
    with Screen(out).step("hello_world") as step:
        step.update("running")
    assert "\r  hello_world          running" in out.getvalue()
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().rstrip().rpartition("\r")[2].startswith("  hello_world          done")


def test_step_that_raises_is_told_as_failed() -> None:
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Screen(out).step("Preparing"):
        raise KeyboardInterrupt
    assert "Preparing            failed" in out.getvalue()


def test_table_aligns_columns_cuts_long_values_and_leaves_null_empty() -> None:
    out = io.StringIO()
    Screen(out).table(("id", "text"), [(1, "x" * 40), (22, None)])
    assert out.getvalue().splitlines() == [
        "    id  text",
        "    ──  " + "─" * 28,
        "    1   " + "x" * 27 + "…",
        "    22",
    ]


def test_table_without_rows_shows_its_columns() -> None:
    out = io.StringIO()
    Screen(out).table(("id", "text"), [])
    assert out.getvalue().splitlines() == ["    id  text", "    ──  ────"]
