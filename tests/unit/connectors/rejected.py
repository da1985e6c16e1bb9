"""Where a connector under test puts bad records."""

from __future__ import annotations

from typing import Any


class Rejected(list[Any]):
    """The records that were rejected, as they were told."""

    def add(self, **record: Any) -> None:
        self.append(record)
