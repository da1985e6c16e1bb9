"""What the demo writes to the terminal: steps with their seconds, a line that keeps changing, small tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

WIDTH = 100
NAME_WIDTH = 20
CELL_WIDTH = 28


class Screen:
    """Writes to one stream; on a terminal the line of the present step is rewritten, elsewhere it is written once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()

    def say(self, text: str = "") -> None:
        """One or more whole lines."""
        self._out.write(f"{text}\n")
        self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """A step that is going on; it ends with its seconds, or with `failed` when anything is raised."""
        step = Step(self, name)
        step.update("…")
        try:
            yield step
        except BaseException:
            step.finish("failed")
            raise
        step.finish(step.result)

    def rewrite(self, text: str) -> None:
        """Show the text on the present line, when that can be rewritten."""
        if self._live:
            self._out.write(f"\r{text[:WIDTH]:<{WIDTH}}")
            self._out.flush()

    def end_line(self, text: str) -> None:
        """The present line holds this text for good."""
        self.rewrite("")
        self.say(f"\r{text}" if self._live else text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A small table under the present step; long values are cut."""
        cells = [[_cell(value) for value in row] for row in (columns, *rows)]
        widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
        for number, row in enumerate(cells):
            self.say("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            if number == 0:
                self.say("    " + "  ".join("─" * width for width in widths))


class Step:
    """The step that is going on; `result` is what its line says at the end."""

    def __init__(self, screen: Screen, name: str) -> None:
        self._screen = screen
        self._name = name
        self._started = time.monotonic()
        self.result = "done"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def update(self, status: str) -> None:
        """What the step is busy with."""
        self._screen.rewrite(f"  {self._name:<{NAME_WIDTH}} {status}  {self.seconds:.0f} s")

    def finish(self, result: str) -> None:
        self._screen.end_line(f"  {self._name:<{NAME_WIDTH}} {result}  {self.seconds:.1f} s")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL_WIDTH else f"{text[: CELL_WIDTH - 1]}…"
