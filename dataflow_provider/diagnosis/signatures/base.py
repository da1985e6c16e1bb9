"""What a signature is: a code that a vendor fixed, or words of a message. Data only; `engine.py` applies it.

Strength says how surely a match alone tells the cause: 0.95 a vendor's code with one meaning, 0.85 a fixed message,
0.6 words that also stand elsewhere, 0.4 a mere hint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Meaning = str | tuple[str, float]
"""A cause, or a cause with a strength of its own where the code alone does not decide."""

CODE = 0.95
MESSAGE = 0.88


@dataclass(frozen=True)
class Codes:
    """A vendor's numbers or names: `grammar` finds them (its group `code`), `meanings` says what they mean."""

    vendor: str
    grammar: re.Pattern[str]
    meanings: Mapping[str, Meaning]
    strength: float = CODE

    def meaning(self, code: str) -> tuple[str, float] | None:
        found = self.meanings.get(code) or self.meanings.get(code.lstrip("0"))
        if found is None:
            return None
        return (found, self.strength) if isinstance(found, str) else found


@dataclass(frozen=True)
class Pattern:
    """One wording. `literal` is text, in small letters, that stands in every match: a cheap look before the search."""

    literal: str
    regex: re.Pattern[str]

    def search(self, text: str, lowered: str) -> str | None:
        """Return what matches; `lowered` is the text in small letters."""
        if self.literal not in lowered:
            return None
        found = self.regex.search(text)
        return found[0] if found else None


@dataclass(frozen=True)
class Words:
    """A message by its wordings."""

    vendor: str
    cause: str
    patterns: tuple[Pattern, ...]
    strength: float = MESSAGE

    def search(self, text: str, lowered: str) -> str | None:
        """Return what the first fitting wording matches."""
        for pattern in self.patterns:
            found = pattern.search(text, lowered)
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class Family:
    """All signatures of one vendor or field."""

    codes: tuple[Codes, ...] = ()
    words: tuple[Words, ...] = ()


def words(vendor: str, table: Mapping[str, tuple[str, ...]], strength: float = MESSAGE) -> tuple[Words, ...]:
    """Return a signature per cause from its wordings, regular expressions in which letters of either case match."""
    return tuple(
        Words(
            vendor,
            cause,
            tuple(
                Pattern(longest_literal(one), re.compile(one, re.IGNORECASE | re.MULTILINE))
                for pattern in patterns
                for one in split_alternatives(pattern)
            ),
            strength,
        )
        for cause, patterns in table.items()
    )


def split_alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a regular expression at its outermost level.

    >>> split_alternatives("a|(b|c)")
    ['a', '(b|c)']
    """
    found, depth, escaped = [""], 0, False
    for character in pattern:
        if not escaped and character in "([":
            depth += 1
        elif not escaped and character in ")]":
            depth -= 1
        if character == "|" and depth == 0 and not escaped:
            found.append("")
            continue
        found[-1] += character
        escaped = character == "\\" and not escaped
    return found


def longest_literal(pattern: str) -> str:
    """Return the longest text that every match must hold, in small letters; groups and classes are not looked into.

    >>> longest_literal("table '[^']*' does not exist")
    "' does not exist"
    """
    runs, depth, at = [""], 0, 0
    while at < len(pattern):
        character = pattern[at]
        escape = character == "\\"
        plain = pattern[at + 1] if escape else character
        at += 2 if escape else 1
        if escape and plain.isalnum():
            runs.append("")
        elif not escape and plain in "([":
            depth += 1
            runs.append("")
        elif not escape and plain in ")]":
            depth -= 1
            runs.append("")
        elif depth or (not escape and plain in ".^$+"):
            runs.append("")
        elif not escape and plain in "?*{":
            runs[-1] = runs[-1][:-1]
            runs.append("")
            at = pattern.index("}", at) + 1 if plain == "{" else at
        else:
            runs[-1] += plain
    return max(runs, key=len).lower()


def codes(table: Mapping[str, str]) -> dict[str, Meaning]:
    """Return code → cause from cause → codes, written in one text with spaces between.

    >>> codes({"deadlock": "60 61"})
    {'60': 'deadlock', '61': 'deadlock'}
    """
    return {code: cause for cause, text in table.items() for code in text.split()}
