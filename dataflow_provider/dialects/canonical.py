"""An engine's types in the words of `assignable.py`, by a table of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TYPE = re.compile(r"\s*([A-Z_][A-Z0-9_ ]*?)\s*(?:\(\s*([^)]*?)\s*\))?\s*((?:WITH|WITHOUT)[A-Z ]*)?\s*", re.IGNORECASE)
_SAME = frozenset({"SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL"})


@dataclass(frozen=True)
class Canonical:
    """What an engine calls the types that others call `names`' values; types in neither are unknown.

    `decimal` is what a decimal without precision is, "" when that is any number.
    """

    names: Mapping[str, str]
    decimal: str = ""

    def of(self, kind: str) -> str:
        """Return the type in our words, lengths of texts left out; "" when it is unknown."""
        match = _TYPE.fullmatch(kind)
        if match is None:
            return ""
        written, sizes, zone = match[1].upper(), match[2] or "", (match[3] or "").upper()
        name = self.names.get(written, written if written in _SAME else "")
        if name == "DECIMAL":
            return self._decimal(sizes)
        if name == "TIMESTAMP" and zone.startswith("WITH "):
            return "TIMESTAMP WITH TIME ZONE"
        return name

    def _decimal(self, sizes: str) -> str:
        numbers = [one.strip() for one in sizes.split(",") if one.strip()]
        if not numbers or not all(re.fullmatch(r"-?\d+", one) for one in numbers):
            return self.decimal
        return f"DECIMAL({numbers[0]},{numbers[1] if len(numbers) > 1 else 0})"
