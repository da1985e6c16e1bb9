"""The likely word behind a mistyped one, as a sentence for hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that `word` most likely meant; None when none is near.

    >>> nearest("wher", ["where", "table"])
    'where'
    """
    from difflib import get_close_matches

    folded = {name.lower(): name for name in allowed}
    wanted = word[:200].lower()
    matches = get_close_matches(wanted, folded, n=1, cutoff=0.6)
    if matches:
        return folded[matches[0]]
    inside = [name for name in folded if len(wanted) > 2 and (name.endswith(f".{wanted}") or wanted in name.split("_"))]
    return folded[inside[0]] if len(inside) == 1 else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """Return "Did you mean `x`?", or None when nothing is near."""
    match = nearest(word, allowed)
    return f"Did you mean `{match}`?" if match else None


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Return the words in backticks, parted by commas; a long list ends in an ellipsis."""
    names = [f"`{word}`" for word in words]
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
