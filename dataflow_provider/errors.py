"""Every error of the product: a stable code, a place and a next step.

The branch decides what happens next: an `AuthorError` is mended in the YAML, a `TransientError` is worth a retry,
a `TerminalError` is not, and an `InternalError` is our own defect.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something is wrong; `line` and `column` are 1-based, unknown parts are None."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    node: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        node = f"node `{self.node}`" if self.node else ""
        return ", ".join(part for part in (spot, node) if part)


class DataflowError(Exception):
    """Root of all our errors; catch it at a door (CLI, API, operator) and nowhere else.

    `code` is stable (`DF-SPEC-012`), `message` says what is wrong and what is allowed, `hint` what to do.
    """

    def __init__(self, code: str, message: str, *, place: Place | None = None, hint: str | None = None) -> None:
        self.code = code
        self.message = message
        self.place = place or Place()
        self.hint = hint
        super().__init__(code, message)

    def __str__(self) -> str:
        where = f" ({self.place})" if str(self.place) else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{where}{hint}"


class AuthorError(DataflowError):
    """The owner of the YAML (or of the command line) can mend it; a retry cannot help."""


class EngineError(DataflowError):
    """A database, file store or service refused or failed; raise one of the two branches."""


class TransientError(EngineError):
    """The same call may go through later (lost connection, lock, throttling)."""


class TerminalError(EngineError):
    """The same call will fail again (missing table, constraint, rights)."""


class InternalError(DataflowError):
    """A defect of ours: the input was valid and we could not carry it out."""
