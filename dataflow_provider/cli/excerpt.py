"""The line of a file that a finding speaks of, with a caret below the place."""

from __future__ import annotations

import re

from dataflow_provider.spec.document import LINE_BREAK

WIDTH = 100

_WORD = re.compile(r"[\w.:/@-]*[\w/@-]|\S")


def show_excerpt(text: str, line: int, column: int) -> str:
    """Return two printable lines, or nothing when the text has no such line; `line` and `column` are 1-based.

    Long lines are cut to a window around the column, and what a terminal would obey becomes `?`.
    """
    lines = LINE_BREAK.split(text)
    if line > len(lines) or not lines[line - 1].strip():
        return ""
    row = "".join(char if char.isprintable() else " " if char == "\t" else "?" for char in lines[line - 1])
    start = max(0, column - 1 - WIDTH // 2) if len(row) > WIDTH else 0
    window = row[start : start + WIDTH]
    at = column - 1 - start
    word = _WORD.match(window, at)
    length = max(1, len(word[0]) if word else 1)
    number = f"{line:>5} | "
    return f"{number}{window}\n{' ' * (len(number) - 2)}| {' ' * at}{'^' * min(length, WIDTH - at)}\n"
