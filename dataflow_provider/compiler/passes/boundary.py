"""A place where rows are written down instead of flowing on: the rule that asks for it, and why, for people."""

from __future__ import annotations

from typing import NamedTuple


class Boundary(NamedTuple):
    """`rule` is a name of docs/sql.md, `reason` a whole sentence."""

    rule: str
    reason: str
