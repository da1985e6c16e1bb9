"""Random SELECTs: a hypothesis strategy for a grammar over three small tables full of NULLs, ties and equal rows.

What is drawn has one answer: LIMIT stands behind an order by every column, ROW_NUMBER over an order by every column of
its rows. A query may still fail on the engine (a scalar subquery of two rows); then it promises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

SETUP = """
CREATE TABLE a (id INTEGER, x INTEGER, y INTEGER, t VARCHAR);
INSERT INTO a VALUES (1, 1, 10, 'p'), (2, 1, NULL, 'q'), (3, 2, 20, NULL), (4, NULL, 10, 'p'), (5, 2, 20, 'Q'),
    (5, 2, 20, 'Q'), (6, NULL, NULL, NULL), (NULL, 3, 0, ''), (7, 0, -5, 'p');
CREATE TABLE b (id INTEGER, x INTEGER, z INTEGER, t VARCHAR);
INSERT INTO b VALUES (1, 1, 3, 'p'), (1, 1, 3, 'p'), (2, 2, NULL, 'r'), (3, NULL, 5, NULL), (NULL, 2, 5, 'q'),
    (9, 4, 3, 'Q');
CREATE TABLE c (x INTEGER, y INTEGER, "Odd Name" INTEGER);
INSERT INTO c VALUES (1, 10, 1), (NULL, 10, 2), (2, NULL, 2), (5, 50, NULL);
"""
_TABLES = {
    "a": {"id": "n", "x": "n", "y": "n", "t": "s"},
    "b": {"id": "n", "x": "n", "z": "n", "t": "s"},
    "c": {"x": "n", "y": "n", '"Odd Name"': "n"},
}
_TEXTS = ["COALESCE({i}, 'none')", "UPPER({i})", "{i} || 'x'", "CAST({o} AS VARCHAR)"]
_NUMBERS = [
    "({i} + {o})", "({i} - {o})", "COALESCE({i}, {o})", "CASE WHEN {c} THEN {i} ELSE {o} END",
    "CASE WHEN {c} THEN {i} END", "NULLIF({i}, {o})", "-({i})",
]  # fmt: skip
_COMPARISONS = [
    "{l} = {r}", "{l} <> {r}", "{l} > {r}", "{l} <= {r}", "{l} IS NULL", "{l} IS NOT NULL", "{l} BETWEEN {r} AND {o}",
    "{l} IN ({r}, {o})", "{l} NOT IN ({r}, {o})", "{l} IS DISTINCT FROM {r}",
]  # fmt: skip
_SETS = ["UNION", "UNION", "UNION ALL", "UNION ALL", "INTERSECT", "INTERSECT", "EXCEPT", "EXCEPT", "EXCEPT ALL"]
_WINDOWS = [
    ("ROW_NUMBER()", "{every}"), ("RANK()", "{order}"), ("DENSE_RANK()", "{order}"), ("COUNT({})", "{order}"),
    ("SUM({})", "{order}"), ("MAX({})", ""), ("LAG({})", "{every}"), ("COUNT(*)", ""),
    ("SUM({})", "{every} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"),
]  # fmt: skip
Draw = Callable[[st.SearchStrategy[Any]], Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column in reach: its text, and its kind, a number (`n`) or a text (`s`)."""

    text: str
    kind: str


@dataclass
class Writer:
    """Writes one query; `pick(n)` chooses a number in [0, n), `ctes` are those in reach by name."""

    pick: Callable[[int], int]
    depth: int = 1
    ctes: dict[str, dict[str, str]] = field(default_factory=dict)
    names: list[int] = field(default_factory=lambda: [0])

    # ------------------------------------------------------------ choices

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.pick(len(choices))]

    def chance(self, percent: int) -> bool:
        return self.pick(100) >= 100 - percent

    def count(self, low: int, high: int) -> int:
        return low + self.pick(high - low + 1)

    def name(self, prefix: str) -> str:
        self.names[0] += 1
        return f"{prefix}{self.names[0]}"

    def deeper(self) -> Writer:
        return Writer(self.pick, self.depth - 1, dict(self.ctes), self.names)

    # ------------------------------------------------------------ queries

    def query(self, outer: Sequence[Column] = (), kinds: Sequence[str] | None = None) -> tuple[str, dict[str, str]]:
        """Return a query and the kinds of its columns by name; `kinds` asks for just those."""
        head = ""
        if self.depth > 1 and self.chance(30):
            name = self.name("w")
            text, columns = self.deeper().query()
            self.ctes[name] = columns
            head = f"WITH {name} AS ({text}) "
        if self.depth > 0 and self.chance(20):
            kinds = kinds or [self.one("ns") for _ in range(self.count(1, 3))]
            left, columns = self.deeper().select(outer, kinds)
            right, _ = self.deeper().select(outer, kinds)
            word = self.one(_SETS)
            body = f"{left} {word} {right}"
        else:
            body, columns = self.select(outer, kinds)
            if self.chance(25):
                order = ", ".join(f"{at} {self._way()}" for at in range(1, len(columns) + 1))
                body += f" ORDER BY {order} LIMIT {self.count(0, 5)}" + self.one(["", "", " OFFSET 1"])
        return head + body, columns

    def _way(self) -> str:
        return self.one(["", "DESC", "NULLS FIRST", "DESC NULLS LAST"])

    def select(self, outer: Sequence[Column], kinds: Sequence[str] | None = None) -> tuple[str, dict[str, str]]:
        from_, columns = self._from()
        where = f" WHERE {self.condition(columns, outer)}" if self.chance(65) else ""
        if self.chance(35):
            items, tail = self._grouped(columns, outer, kinds)
        else:
            items, tail = self._plain(columns, outer, kinds)
        named = {self.name("o"): item for item in items}
        listed = ", ".join(f"{item.text} AS {name}" for name, item in named.items())
        distinct = "DISTINCT " if self.chance(15) else ""
        return f"SELECT {distinct}{listed} FROM {from_}{where}{tail}", {name: item.kind for name, item in named.items()}

    def _plain(
        self, columns: Sequence[Column], outer: Sequence[Column], kinds: Sequence[str] | None
    ) -> tuple[list[Column], str]:
        wanted = kinds or [self.one("nns") for _ in range(self.count(1, 3))]
        items = [Column(self.value(kind, columns, outer), kind) for kind in wanted]
        tail = ""
        if self.chance(25):
            at = self.count(0, len(items) - 1)
            if items[at].kind == "n":
                items[at] = Column(self._window(columns), "n")
        if self.chance(10):
            tail = f" QUALIFY {self._window(columns)} {self.one(['<=', '>', '='])} {self.count(1, 3)}"
        return items, tail

    def _grouped(
        self, columns: Sequence[Column], outer: Sequence[Column], kinds: Sequence[str] | None
    ) -> tuple[list[Column], str]:
        keys = [Column(self.value(kind, columns, (), 1), kind) for kind in ["n", "s", "n"][: self.count(0, 3)]]
        wanted = kinds or [self.one("nns") for _ in range(self.count(1, 3))]
        items = [self._group_item(kind, keys, columns) for kind in wanted]
        tail = f" GROUP BY {', '.join(key.text for key in keys)}" if keys else ""
        if keys and self.chance(15):
            tail = f" GROUP BY {self.one(['ROLLUP', 'CUBE'])} ({', '.join(dict.fromkeys(key.text for key in keys))})"
        if not keys:
            items = [one if "(" in one.text else Column(f"MIN({one.text})", one.kind) for one in items]
            items = [*items[:-1], Column(self._aggregate(items[-1].kind, columns), items[-1].kind)]
        if self.chance(30):
            tail += f" HAVING {self._aggregate('n', columns)} {self.one(['>', '<=', '<>'])} {self.count(0, 3)}"
        return items, tail

    def _group_item(self, kind: str, keys: Sequence[Column], columns: Sequence[Column]) -> Column:
        of_kind = [key for key in keys if key.kind == kind]
        if of_kind and self.chance(50):
            return Column(self.one(of_kind).text, kind)
        text = self._aggregate(kind, columns)
        if kind == "n" and self.chance(20):
            text = f"{text} + {self._aggregate('n', columns)}"
        elif kind == "n" and self.chance(15):
            text = f"CAST(SUM({text}) OVER () AS INTEGER)"
        return Column(text, kind)

    def _aggregate(self, kind: str, columns: Sequence[Column]) -> str:
        if kind == "s":
            return f"{self.one(['MIN', 'MAX'])}({self.value('s', columns, (), 1)})"
        word = self.one(["SUM({})", "MIN({})", "MAX({})", "COUNT({})", "COUNT(DISTINCT {})", "COUNT(*)"])
        text = word.format(self.value("n", columns, (), 1))
        if self.chance(15):
            text += f" FILTER (WHERE {self._compare(columns, ())})"
        return f"CAST({text} AS INTEGER)"

    def _window(self, columns: Sequence[Column]) -> str:
        number = self.value("n", columns, (), 1)
        part = f"PARTITION BY {self.value(self.one('ns'), columns, (), 1)} " if self.chance(60) else ""
        every = "ORDER BY " + ", ".join(f"{column.text} {self._way()}" for column in columns)
        order = f"ORDER BY {self.value('n', columns, (), 1)} {self._way()}"
        function, over = self.one(_WINDOWS)
        function, over = function.format(number), over.format(order=order, every=every)
        return f"CAST({function} OVER ({part}{over}) AS INTEGER)"

    # ------------------------------------------------------------ FROM

    def _from(self) -> tuple[str, list[Column]]:
        text, columns = self._source()
        for _ in range(self.count(0, 2) if self.depth > 0 else self.count(0, 1)):
            more, theirs = self._source()
            kind = self.one([",", "JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
            if kind == "," or kind == "CROSS JOIN":
                text = f"{text}{'' if kind == ',' else ' '}{kind} {more}"
            elif kind == "FULL JOIN":
                text = f"{text} {kind} {more} ON {self._equal(columns, theirs)}"
            else:
                condition = self._equal(columns, theirs)
                if self.chance(40):
                    condition += f" AND {self._compare([*columns, *theirs] if ',' not in text else theirs, ())}"
                text = f"{text} {kind} {more} ON {condition}"
            columns = [*columns, *theirs]
        return text, columns

    def _equal(self, left: Sequence[Column], right: Sequence[Column]) -> str:
        ours = [one for one in left if one.kind == "n"] or [Column("1", "n")]
        theirs = [one for one in right if one.kind == "n"] or [Column("1", "n")]
        word = self.one(["=", "=", "=", "IS NOT DISTINCT FROM"])
        return f"{self.one(ours).text} {word} {self.one(theirs).text}"

    def _source(self) -> tuple[str, list[Column]]:
        alias = self.name("s")
        if self.ctes and self.chance(50):
            name = self.one(sorted(self.ctes))
            return f"{name} AS {alias}", _columns(alias, self.ctes[name])
        if self.depth > 0 and self.chance(25):
            text, columns = self.deeper().query()
            return f"({text}) AS {alias}", _columns(alias, columns)
        name = self.one(sorted(_TABLES))
        return f"{name} AS {alias}", _columns(alias, _TABLES[name])

    # ------------------------------------------------------------ values and conditions

    def value(self, kind: str, columns: Sequence[Column], outer: Sequence[Column], depth: int = 2) -> str:
        mine = [one.text for one in columns if one.kind == kind]
        if not depth or self.chance(55):
            return self.one(mine) if mine and self.chance(90) else self._literal(kind)
        if self.depth > 0 and depth > 1 and self.chance(15):
            return self._scalar(kind, columns)
        inner = self.value(kind, columns, outer, depth - 1)
        shape = self.one(_TEXTS if kind == "s" else _NUMBERS)
        other = self.value("n", columns, outer, 0) if "{o}" in shape else ""
        return shape.format(i=inner, o=other, c=self._compare(columns, outer) if "{c}" in shape else "")

    def _literal(self, kind: str) -> str:
        return self.one(["'p'", "'q'", "''"]) if kind == "s" else self.one(["0", "1", "2", "10"])

    def _scalar(self, kind: str, columns: Sequence[Column]) -> str:
        inner = self.deeper()
        from_, theirs = inner._from()
        tie = self._tie(theirs, columns)
        extra = f" AND {inner._compare(theirs, ())}" if self.chance(40) else ""
        return f"(SELECT {inner._aggregate(kind, theirs)} AS v FROM {from_} WHERE {tie}{extra})"

    def _tie(self, inner: Sequence[Column], outer: Sequence[Column]) -> str:
        """Return what ties a subquery to the rows around it, or a condition of its own."""
        ours = [one.text for one in outer if one.kind == "n"]
        theirs = [one.text for one in inner if one.kind == "n"]
        if not ours or not theirs or self.chance(30):
            return self._compare(inner, ())
        word = self.one(["=", "=", "=", "=", "<>", "<"])
        return f"{self.one(theirs)} {word} {self.one(ours)}"

    def _compare(self, columns: Sequence[Column], outer: Sequence[Column]) -> str:
        kind = self.one("nns")
        left = self.value(kind, columns, outer, 1)
        right = self.value(kind, columns, outer, 0)
        shape = self.one(_COMPARISONS)
        return shape.format(l=left, r=right, o=self._literal(kind))

    def condition(self, columns: Sequence[Column], outer: Sequence[Column], depth: int = 2) -> str:
        if depth and self.chance(40):
            left, right = self.condition(columns, outer, depth - 1), self.condition(columns, outer, depth - 1)
            return self.one([f"{left} AND {right}", f"({left} OR {right})", f"NOT ({left})", f"({left} AND {right})"])
        if self.depth > 0 and self.chance(40):
            return self._predicate(columns)
        return self._compare(columns, outer)

    def _predicate(self, columns: Sequence[Column]) -> str:
        inner = self.deeper()
        shape = self.one(["EXISTS", "NOT EXISTS", "IN", "NOT IN", "scalar", "ANY", "ALL"])
        if shape in ("EXISTS", "NOT EXISTS"):
            from_, theirs = inner._from()
            extra = f" AND {inner.condition(theirs, (), 1)}" if self.chance(40) else ""
            return f"{shape} (SELECT 1 AS one FROM {from_} WHERE {self._tie(theirs, columns)}{extra})"
        if shape in ("IN", "NOT IN") and self.chance(40):
            from_, theirs = inner._from()
            item = inner.value("n", theirs, (), 1)
            member = self.value("n", columns, (), 1)
            return f"{member} {shape} (SELECT {item} AS v FROM {from_} WHERE {self._tie(theirs, columns)})"
        if shape == "scalar":
            word = self.one(["=", "<>", ">", "<="])
            return f"{self.value('n', columns, (), 1)} {word} {self._scalar('n', columns)}"
        text, _ = inner.query((), ["n"])
        word = shape if shape.endswith("IN") else f"{self.one(['=', '<>', '>', '<='])} {shape}"
        return f"{self.value('n', columns, (), 1)} {word} ({text})"


def _columns(alias: str, kinds: dict[str, str]) -> list[Column]:
    return [Column(f"{alias}.{name}", kind) for name, kind in kinds.items()]


@st.composite
def selects(draw: Draw) -> str:
    """Draw a query."""
    return Writer(lambda n: draw(st.integers(0, n - 1))).query()[0]
