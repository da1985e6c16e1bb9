"""One thing a stage does in its session: a statement and what its answer means.

Made by the compiler and the write modes, carried out by the execution room in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StepKind = Literal["read", "measure", "stage", "rules", "check", "publish", "hook", "cleanup", "extract", "load"]
Figure = Literal["rows_in", "rows_out", "rows_rejected"]

ROWS = "{rows}"
"""Stands in a check's message for the number of offending rows."""


@dataclass(frozen=True)
class Step:
    """One statement.

    kind:
        read     loads files into a temporary table of the session
        extract  tells, as a comment, what a connector reads into `table` before the stage's SQL; not run as SQL
        measure  answers one number, the `figure` of `node`
        stage    builds `table`, which holds the rows of `node` (and `port`)
        rules    answers one row, what the rules of a quality node found (`Gate`)
        check    answers one number, the offending rows; more than 0 fails the stage with `message`
        publish  changes the target; `figure`, when given, is the statement's own row count
        load     tells, as a comment, what a connector writes after the stage's SQL; not run as SQL
        hook     a statement of the author, before or after the publish
        cleanup  drops what the stage left behind, after success
    in_transaction:
        consecutive steps with True share one transaction; each other step commits by itself.
    message:
        what a failing step means, for people; a check's may hold `{rows}`.
    """

    kind: StepKind
    sql: str
    node: str | None = None
    port: str | None = None
    table: str | None = None
    figure: Figure | None = None
    in_transaction: bool = False
    message: str | None = None
