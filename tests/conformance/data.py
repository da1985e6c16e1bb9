"""Tables every engine gets: NULLs, duplicates, ties, no rows, unicode; column names are reserved or of mixed case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.conformance.reference import Rows


@dataclass(frozen=True)
class Table:
    """A table by its columns (name → canonical type) and its rows."""

    name: str
    columns: dict[str, str]
    values: tuple[tuple[Any, ...], ...]

    @property
    def rows(self) -> Rows:
        return [dict(zip(self.columns, row, strict=True)) for row in self.values]


_ORDER_COLUMNS = {
    "id": "INTEGER",
    "select": "VARCHAR",
    "Amount": "DECIMAL(12,2)",
    "qty": "INTEGER",
    "day": "DATE",
    "größe": "VARCHAR",
}

ORDERS = Table(
    "orders",
    _ORDER_COLUMNS,
    (
        (1, "a", Decimal("10.50"), 3, date(2026, 1, 1), "klein"),
        (2, "a", Decimal("10.50"), 3, date(2026, 1, 2), "groß"),
        (3, "b", Decimal("-2.25"), None, date(2026, 1, 1), None),
        (4, "b", None, 7, None, "klein"),
        (5, None, Decimal("0.00"), 0, date(2026, 1, 3), "日本"),
        (6, None, None, None, None, None),
        (7, "c", Decimal("99.75"), 1, date(2026, 1, 2), "groß"),
        (8, "c", Decimal("99.75"), 1, date(2026, 1, 2), "groß"),
        (9, "O'Hara", Decimal("1.00"), -4, date(2025, 12, 31), "x;y -- z"),
        (10, "", Decimal("5.00"), 5, date(2026, 1, 1), " "),
    ),
)

NO_ORDERS = Table("no_orders", _ORDER_COLUMNS, ())

CUSTOMERS = Table(
    "customers",
    {"select": "VARCHAR", "Name": "VARCHAR", "qty": "INTEGER"},
    (
        ("a", "Ann", 1),
        ("a", "Anna", 2),
        ("b", "Bea", 3),
        (None, "Nobody", 4),
        ("d", "Dan", None),
        ("O'Hara", "Maureen", 9),
    ),
)

MORE_ORDERS = Table(
    "more_orders",
    {"id": "INTEGER", "Amount": "DECIMAL(12,2)", "select": "VARCHAR"},
    ((11, Decimal("7.00"), "z"), (1, Decimal("10.50"), "a"), (11, Decimal("7.00"), "z"), (12, None, None)),
)

TABLES = (ORDERS, NO_ORDERS, CUSTOMERS, MORE_ORDERS)
