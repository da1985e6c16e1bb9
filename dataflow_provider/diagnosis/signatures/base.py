"""What a signature is: a code that a vendor fixed, or words of a message. Data only; `engine.py` applies it.

Strength says how surely a match alone tells the cause: 0.95 a vendor's code with one meaning, 0.85 a fixed message,
0.6 words that also stand elsewhere, 0.4 a mere hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

Meaning = str | tuple[str, float]
"""A cause, or a cause with a strength of its own where the code alone does not decide."""

_ANCHOR = re.compile(r"(?<![\[\\])[\^$]|\\[AZ]")
CODE = 0.95
MESSAGE = 0.88


Needs = tuple[tuple[str, ...], ...]
"""Texts in small letters, of which every match of a pattern holds one a tuple."""


def grams(text: str) -> frozenset[str]:
    """Return all three letters in a row of a text, which tell quickly what it cannot hold.

    >>> sorted(grams("abcd"))
    ['abc', 'bcd']
    """
    return frozenset(map("".join, zip(text, text[1:], text[2:], strict=False)))


@dataclass(frozen=True)
class Codes:
    """A vendor's numbers or names: `grammar` finds them (its group `code`), `meanings` says what they mean."""

    vendor: str
    grammar: re.Pattern[str]
    meanings: Mapping[str, Meaning]
    strength: float = CODE

    @cached_property
    def is_anchored(self) -> bool:
        """Whether the grammar asks where a passage begins or ends."""
        return _ANCHOR.search(self.grammar.pattern) is not None

    @cached_property
    def _alternatives(self) -> tuple[Presence, ...]:
        return tuple(Presence.of(needed_texts(one)) for one in split_alternatives(self.grammar.pattern))

    def may_match(self, held: frozenset[str]) -> bool:
        """Return False only when the grammar cannot match a text with these grams in small letters."""
        return any(one.is_possible(held) for one in self._alternatives)

    def meaning(self, code: str) -> tuple[str, float] | None:
        found = self.meanings.get(code) or self.meanings.get(code.lstrip("0"))
        if found is None:
            return None
        return (found, self.strength) if isinstance(found, str) else found


@dataclass(frozen=True)
class Presence:
    """The grams of what a pattern needs: of each tuple, all those of one set stand in every match."""

    one_of: tuple[tuple[frozenset[str], ...], ...]

    @classmethod
    def of(cls, needs: Needs) -> Presence:
        return cls(tuple(tuple(grams(text) for text in texts) for texts in needs))

    def is_possible(self, held: frozenset[str]) -> bool:
        for texts in self.one_of:
            for text in texts:
                if text <= held:
                    break
            else:
                return False
        return True


@dataclass(frozen=True)
class Pattern:
    """One wording; what it needs is a cheap look before the search."""

    needs: Needs
    regex: re.Pattern[str]

    @cached_property
    def _presence(self) -> Presence:
        return Presence.of(self.needs)

    def may_match(self, held: frozenset[str]) -> bool:
        """Return False only when the regular expression cannot match a text with these grams in small letters."""
        return self._presence.is_possible(held)

    def search(self, text: str, lowered: str) -> str | None:
        """Return what matches; `lowered` is the text in small letters."""
        for one_of in self.needs:
            for needed in one_of:
                if needed in lowered:
                    break
            else:
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
                Pattern(needed_texts(one), re.compile(one, re.IGNORECASE | re.MULTILINE))
                for pattern in patterns
                for one in split_alternatives(pattern)
            ),
            strength,
        )
        for cause, patterns in table.items()
    )


def split_alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a regular expression at its outermost level.

    >>> split_alternatives("a|(b|c)|[|)]")
    ['a', '(b|c)', '[|)]']
    """
    found, at = [""], 0
    while at < len(pattern):
        end = _end_of_piece(pattern, at)
        if pattern[at:end] == "|":
            found.append("")
        else:
            found[-1] += pattern[at:end]
        at = end
    return found


def needed_texts(pattern: str) -> Needs:
    """Return texts in small letters of which every match holds one a tuple; the longest stand first.

    Groups count when each of their alternatives has a text; what may be left out and classes are not looked into.

    >>> needed_texts("table '[^']*' does not exist")
    (("' does not exist",), ("table '",))
    >>> needed_texts("(?:lost|broken) link")
    ((' link',), ('lost', 'broken'))
    """
    found: list[tuple[str, ...]] = []
    run = ""
    for piece, is_sure in _pieces(pattern):
        if is_sure and len(piece) == 1:
            run += piece
            continue
        found.append((run,))
        run = ""
        if is_sure:
            found.append(tuple(_longest(one) for one in split_alternatives(piece)))
    found.append((run,))
    kept = [tuple(text.lower() for text in one_of) for one_of in found if all(len(text) > 1 for text in one_of)]
    return tuple(sorted(dict.fromkeys(kept), key=lambda one_of: (len(one_of), -len(one_of[0]))))


def _longest(pattern: str) -> str:
    return max((one_of[0] for one_of in needed_texts(pattern) if len(one_of) == 1), key=len, default="")


def _pieces(pattern: str) -> Iterator[tuple[str, bool]]:
    """Yield the characters and groups of a regular expression in order, and whether each stands in every match."""
    at = 0
    while at < len(pattern):
        end = _end_of_piece(pattern, at)
        piece = pattern[at:end]
        at = end
        quantifier = pattern[at : at + 1]
        is_sure = quantifier not in ("?", "*", "{") or not quantifier
        if quantifier in ("?", "*", "+", "{") and quantifier:
            at = pattern.index("}", at) + 1 if quantifier == "{" else at + 1
            at += pattern[at : at + 1] == "?"  # as few as possible
        yield from _told_piece(piece, is_sure)
        if quantifier == "+":
            yield "", False  # it may come again, so what follows does not touch it


def _end_of_piece(pattern: str, at: int) -> int:
    """Return where the character, class or group that begins at `at` ends."""
    if pattern[at] == "\\":
        return at + 2
    if pattern[at] == "[":
        at += 2 + (pattern[at + 1] == "^")  # the first one may be a bracket
        at += pattern[at - 1] == "\\"
        while pattern[at] != "]":
            at += 1 + (pattern[at] == "\\")
        return at + 1
    if pattern[at] != "(":
        return at + 1
    at += 1
    while pattern[at] != ")":
        at = _end_of_piece(pattern, at)
    return at + 1


def _told_piece(piece: str, is_sure: bool) -> Iterator[tuple[str, bool]]:
    if piece.startswith("\\"):
        yield (piece[1], is_sure) if not piece[1].isalnum() else ("", False)
    elif piece.startswith("(?:"):
        yield (piece[3:-1], True) if is_sure and len(piece) > 5 else ("", False)
    elif piece.startswith(("(", "[")) or piece in (".", "^", "$"):
        yield "", False
    else:
        yield (piece, True) if is_sure else ("", False)


def codes(table: Mapping[str, str]) -> dict[str, Meaning]:
    """Return code → cause from cause → codes, written in one text with spaces between.

    >>> codes({"deadlock": "60 61"})
    {'60': 'deadlock', '61': 'deadlock'}
    """
    return {code: cause for cause, text in table.items() for code in text.split()}
