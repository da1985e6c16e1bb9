"""What a stage keeps in a table of its session instead of fusing it: what only the SQL and the engine can tell.

Runs in the worker, over the common table expressions of one stage: small rules in order, the first that answers gives
its reason. What no rule keeps is fused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from dataflow_provider.compiler.passes.boundary import Boundary
from dataflow_provider.dialects.base import SqlDialect

_CHANGING = (exp.Rand, exp.Randn, exp.Uuid, exp.TableSample)
# Ties in an order without a last word fall as they like, each time anew.
_ARBITRARY = (exp.Limit, exp.Fetch, exp.Qualify, exp.RowNumber)
_CHANGING_NAMES = frozenset(
    {
        "clock_timestamp", "dbms_random.value", "gen_random_uuid", "newid", "newsequentialid", "rand2", "random_uuid",
        "randomblob", "randstr", "seq4", "seq8", "sys_guid", "uniform", "uuid_generate_v4", "uuid_short", "uuid_string",
        "uuidv4", "uuidv7",
    }
)  # fmt: skip


class Size(NamedTuple):
    """What a common table expression weighs with all that is fused into it."""

    tables: int
    depth: int
    characters: int


@dataclass
class Fused:
    """The common table expressions of a stage, in order, as its statements would hold them.

    `reads` names what each reads, once for each reading; `outputs` and `checks` what their statements read. `cheap`
    ones are plain tables; rules of quality nodes are measured on `judged` ones. `kept` grows as the rules are asked,
    and `sizes` are those of what has been looked at.
    """

    dialect: SqlDialect
    bodies: Mapping[str, exp.Query]
    reads: Mapping[str, Sequence[str]]
    cheap: frozenset[str]
    outputs: Sequence[Sequence[str]]
    checks: Sequence[Sequence[str]] = ()
    judged: frozenset[str] = frozenset()
    kept: dict[str, Boundary] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.whole = self._weigh_all()
        self.readings: dict[str, int] = {}
        self.used_by: dict[str, set[int]] = {}
        for number, root in enumerate((*self.outputs, *self.checks)):
            self._trace(number, root)
        for name, reads in self.reads.items():
            if name in self.used_by:
                self._count(reads)

    def _trace(self, statement: int, root: Sequence[str]) -> None:
        """Note every name that the statement reads, over any number of others."""
        self._count(root)
        waiting = list(root)
        while waiting:
            name = waiting.pop()
            used = self.used_by.setdefault(name, set())
            if statement not in used:
                used.add(statement)
                waiting += self.reads[name]

    def _count(self, names: Sequence[str]) -> None:
        for name in names:
            self.readings[name] = self.readings.get(name, 0) + 1

    def outputs_of(self, name: str) -> int:
        """Return how many outputs are made of the rows."""
        return sum(statement < len(self.outputs) for statement in self.used_by[name])

    def feeds_one_output_alone(self, name: str) -> bool:
        """Return whether somebody reads the rows for one output only: an output itself, or what leads to one."""
        return any(name in root for root in self.outputs) or any(
            name in self.reads[reader] and self.outputs_of(reader) == 1 for reader in self.used_by
        )

    def changing(self, name: str) -> str | None:
        """Return what may make the rows differ each time they are computed; None when nothing does."""
        if name in self.kept:
            return None
        for node in self.bodies[name].find_all(*_CHANGING, *_ARBITRARY, exp.Anonymous):
            if isinstance(node, exp.Anonymous) and str(node.this).lower() not in _CHANGING_NAMES:
                continue
            return "an order with ties" if isinstance(node, _ARBITRARY) else f"`{node.sql(self.dialect.sqlglot)}`"
        return next(filter(None, (self.changing(one) for one in self.reads[name])), None)

    def guessed(self, name: str) -> bool:
        """Return whether the planner can only guess the number of rows: they are chosen by a value just computed."""
        if name in self.kept or name in self.cheap:
            return False
        body, reads = self.bodies[name], self.reads[name]
        chosen = body.find(exp.Having) or (body.find(exp.Where) and any(self.computed(one) for one in reads))
        return bool(chosen) or any(self.guessed(one) for one in reads)

    def computed(self, name: str) -> bool:
        """Return whether windows or groups make the rows, so that no statistics of a table speak of them."""
        if name in self.kept or name in self.cheap:
            return False
        made = self.bodies[name].find(exp.Window, exp.Group)
        return made is not None or any(self.computed(one) for one in self.reads[name])

    def weigh(self, name: str) -> Size:
        """Return the size of an expression whose inputs have been looked at."""
        body = self.bodies[name]
        inputs = [Size(1, 0, 0) if one in self.kept else self.sizes[one] for one in self.reads[name]]
        own = sum(1 for one in body.find_all(exp.Table) if not one.meta.get("ours"))
        return Size(
            own + sum(one.tables for one in inputs),
            1 + max((one.depth for one in inputs), default=0),
            _characters(body) + sum(one.characters for one in inputs) if self.dialect.max_characters else 0,
        )

    def _weigh_all(self) -> Size:
        for name in self.bodies:
            self.sizes[name] = self.weigh(name)
        found = list(self.sizes.values()) or [Size(0, 0, 0)]
        return Size(*(max(column) for column in zip(*found, strict=True)))


Rule = Callable[[Fused, str], Boundary | None]


def several_outputs(at: Fused, name: str) -> Boundary | None:
    count = at.outputs_of(name)
    if count > 1 and at.feeds_one_output_alone(name):
        return Boundary("several_outputs", f"{count} outputs are made of its rows, which are computed once.")
    return None


def judged(at: Fused, name: str) -> Boundary | None:
    if name in at.judged:
        return Boundary("judged", "rules are measured on its rows, and the same rows go on.")
    return None


def volatile(at: Fused, name: str) -> Boundary | None:
    """Several statements, or one on an engine that computes a WITH for each reader, would see different rows."""
    if at.readings[name] < 2 or (at.dialect.keeps_with and len(at.used_by[name]) < 2):
        return None
    cause = at.changing(name)
    if cause is None:
        return None
    return Boundary("volatile", f"{cause} may give other rows each time, and {at.readings[name]} readers share them.")


def estimates(at: Fused, name: str) -> Boundary | None:
    """Two sides that are taken for a handful of rows are joined row by row; one counted side prevents it."""
    if not at.dialect.guesses_rows or not at.guessed(name):
        return None
    for reader in at.used_by:
        sides = [one for one in at.reads[reader] if at.guessed(one)]
        if name in sides and len(sides) > 1 and at.bodies[reader].find(exp.Join, exp.Exists):
            sentence = "how many rows it has is a guess, as on the other side of their join; a table is counted."
            return Boundary("estimates", sentence)
    return None


def join_tables(at: Fused, name: str) -> Boundary | None:
    most = at.dialect.max_join_tables
    if most is None or at.whole.tables <= most or at.sizes[name].tables <= most // 2:
        return None
    sentence = f"{at.sizes[name].tables} tables stand behind it, and the engine joins at most {most} in a statement."
    return Boundary("join_tables", sentence)


def depth(at: Fused, name: str) -> Boundary | None:
    if at.sizes[name].depth < at.dialect.max_depth or at.whole.depth == at.sizes[name].depth:
        return None
    sentence = f"{at.sizes[name].depth} nodes lie above each other here, and more would be slow to plan or refused."
    return Boundary("depth", sentence)


def statement_length(at: Fused, name: str) -> Boundary | None:
    most = at.dialect.max_characters
    if most is None or at.whole.characters <= most or at.sizes[name].characters <= most // 2:
        return None
    return Boundary("statement_length", f"the statement would come near the engine's {most * 2} characters.")


RULES: tuple[Rule, ...] = (several_outputs, judged, volatile, estimates, join_tables, depth, statement_length)


def find_kept(at: Fused) -> dict[str, Boundary]:
    """Return the expressions whose rows are kept, in order, each with its rule and reason."""
    for name in at.bodies:
        at.sizes[name] = at.weigh(name)
        if name in at.cheap or name not in at.used_by:
            continue
        if at.readings[name] == 1 and any(name in root for root in at.outputs):
            continue  # it is the output's own table
        boundary = next(filter(None, (rule(at, name) for rule in RULES)), None)
        if boundary is not None:
            at.kept[name] = boundary
    return at.kept


def _characters(body: exp.Query) -> int:
    """Return about how long the text will be: names and literals, with what stands between them."""
    return sum(len(str(one.this)) + 6 for one in body.find_all(exp.Identifier, exp.Literal))
