"""Rules on small texts that several families share: order, window frames, lists of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.validation.subject import Path

_ORDER = re.compile(
    r"""\s*(?P<column>"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[^\W\d][\w$#@]*)"""
    r"""(\s+(ASC|DESC))?(\s+NULLS\s+(FIRST|LAST))?\s*""",
    re.IGNORECASE,
)
_BOUND = r"((UNBOUNDED|[0-9]+|INTERVAL\s+.+?)\s+(PRECEDING|FOLLOWING)|CURRENT\s+ROW)"
_FRAME = re.compile(
    rf"\s*(ROWS|RANGE|GROUPS)\s+(BETWEEN\s+(?P<first>{_BOUND})\s+AND\s+(?P<last>{_BOUND})|(?P<only>{_BOUND}))"
    r"(\s+EXCLUDE\s+(NO\s+OTHERS|CURRENT\s+ROW|GROUP|TIES))?\s*",
    re.IGNORECASE | re.DOTALL,
)


def check_order(order_by: Sequence[str], path: Path) -> Iterator[Problem]:
    """Yield a problem for every entry that is not `col [ASC|DESC] [NULLS FIRST|LAST]`."""
    for index, text in enumerate(order_by):
        if not _ORDER.fullmatch(text):
            message = f"`{text}` is no order; allowed is `column [ASC|DESC] [NULLS FIRST|LAST]`."
            yield Problem("DF-NODE-013", (*path, index), message, _order_hint(text))


def _order_hint(text: str) -> str:
    if "," in text:
        return f"Write one entry a column: `[{', '.join(part.strip() for part in text.split(','))}]`."
    return "To order by an expression, compute it before with a `transform.expression` node."


def frame_fault(frame: str) -> str | None:
    """Say what is wrong with the shape of a window frame; None when nothing is."""
    match = _FRAME.fullmatch(frame)
    if match is None:
        return "is no frame; allowed is `ROWS|RANGE BETWEEN <bound> AND <bound>`"
    first = " ".join((match["first"] or match["only"]).upper().split())
    last = " ".join((match["last"] or "CURRENT ROW").upper().split())
    if first == "UNBOUNDED FOLLOWING" or last == "UNBOUNDED PRECEDING" or _rank(first) > _rank(last):
        return "ends before it starts"
    return None


def _rank(bound: str) -> int:
    if bound == "CURRENT ROW":
        return 0
    return -1 if bound.endswith("PRECEDING") else 1


def check_distinct(names: Iterable[tuple[str, Path]], what: str) -> Iterator[Problem]:
    """Yield a problem for every name that came before, letter case aside: engines fold it."""
    seen: dict[str, str] = {}
    for name, path in names:
        before = seen.get(name.lower())
        seen.setdefault(name.lower(), name)
        if before is not None:
            same = "" if before == name else f", beside `{before}`: many databases ignore letter case"
            yield Problem("DF-NODE-007", path, f"The {what} `{name}` stands twice{same}.", "Keep one, or rename it.")


def listed_names(names: Iterable[str], path: Path) -> list[tuple[str, Path]]:
    """Return the entries of a list of names, each with its path."""
    return [(name, (*path, index)) for index, name in enumerate(names)]


def is_blank(text: str) -> bool:
    """Return whether SQL text says nothing: only spaces and comments.

    >>> is_blank("  -- later"), is_blank("SELECT 1")
    (True, False)
    """
    return not re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip().rstrip(";").strip()
