"""Random graphs: a hypothesis strategy that grows a pipeline and, step by step, the rows it must give.

Orders always end in all columns of the rows, so that a tie is between equal rows and every engine picks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.conformance import reference as ref
from tests.conformance.data import CUSTOMERS, MORE_ORDERS, NO_ORDERS, ORDERS
from tests.conformance.reference import Row, Rows

MAX_ROWS = 400
KIND_OF = {"INTEGER": "int", "VARCHAR": "text", "DECIMAL(12,2)": "number", "DATE": "date"}
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Relation:
    """What a node hands on: column → kind (`int`, `text`, `number`, `date`), and the rows."""

    columns: dict[str, str]
    rows: Rows

    def of_kind(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.columns.items() if kind in kinds]


@dataclass
class Graph:
    """Nodes so far and what each of them hands on; `unread` are the outputs that a target gets."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, node: dict[str, Any], columns: dict[str, str], rows: Rows) -> None:
        assume(len(rows) <= MAX_ROWS)
        self.nodes[name] = node
        self.offer(name, columns, rows)
        for given in _inputs(node["from"]):
            self.unread.pop(given, None)

    def offer(self, name: str, columns: dict[str, str], rows: Rows) -> None:
        self.relations[name] = Relation(columns, rows)
        self.unread[name] = None

    @property
    def expected(self) -> dict[str, Rows]:
        return {name: self.relations[name].rows for name in self.unread if name.partition(".")[0] in self.nodes}


def _inputs(written: Any) -> list[str]:
    return [written] if isinstance(written, str) else list(written.values() if isinstance(written, dict) else written)


@st.composite
def graphs(draw: Draw) -> Graph:
    """Return a graph of up to 12 nodes over the four tables."""
    graph = Graph()
    for table in (ORDERS, NO_ORDERS, CUSTOMERS, MORE_ORDERS):
        graph.relations[table.name] = Relation({n: KIND_OF[k] for n, k in table.columns.items()}, table.rows)
    for number in range(draw(st.integers(1, 7))):
        step = draw(st.sampled_from(STEPS))
        step(draw, graph, f"n{number}")
    assume(graph.expected)
    return graph


def _pick(draw: Draw, graph: Graph) -> tuple[str, Relation]:
    """Return an output, mostly one that nobody reads yet, so that graphs grow deep."""
    fresh = [name for name in graph.unread if name in graph.relations]
    name = draw(st.sampled_from(fresh if fresh and draw(st.integers(0, 3)) else list(graph.relations)))
    return name, graph.relations[name]


def _order(draw: Draw, relation: Relation) -> tuple[list[str], list[ref.Term]]:
    """Return an order over all columns, as texts and as terms."""
    names = draw(st.permutations(list(relation.columns)))
    terms = [(name, draw(st.booleans()), draw(st.booleans())) for name in names]
    texts = [f"{n}{' DESC' if desc else ''} NULLS {'FIRST' if first else 'LAST'}" for n, desc, first in terms]
    return texts, terms


def _condition(draw: Draw, relation: Relation) -> tuple[str, ref.Expression]:
    name = draw(st.sampled_from(list(relation.columns)))
    number, text = draw(st.integers(-5, 12)), draw(st.sampled_from(["a", "b", "O'Hara", "groß", ""]))

    def is_null(row: Row) -> bool:
        return row[name] is None

    if relation.columns[name] in ("int", "number") and draw(st.booleans()):
        return f"[{name}] > {number}", lambda row: row[name] is not None and row[name] > number
    if relation.columns[name] == "text" and draw(st.booleans()):
        quoted = text.replace("'", "''")
        return f"NOT ([{name}] = '{quoted}')", lambda row: row[name] is not None and row[name] != text
    return f"[{name}] IS NULL", is_null


def _filter(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    text, condition = _condition(draw, relation)
    kept, dropped = ref.filter_rows(relation.rows, condition)
    graph.add(node, {"type": "transform.filter", "from": name, "where": text}, relation.columns, kept)
    if draw(st.booleans()):
        graph.offer(f"{node}.rejected", relation.columns, dropped)


def _router(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    conditions = {f"way{number}": _condition(draw, relation) for number in range(draw(st.integers(1, 3)))}
    exclusive = draw(st.booleans())
    routes = {port: text for port, (text, _) in conditions.items()}
    graph.nodes[node] = {"type": "transform.router", "from": name, "routes": routes, "exclusive": exclusive}
    graph.unread.pop(name, None)
    met = ref.route(relation.rows, {port: of for port, (_, of) in conditions.items()}, exclusive=exclusive)
    for port, rows in met.items():
        graph.offer(f"{node}.{port}", relation.columns, rows)


def _expression(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    assume(relation.of_kind("int"))
    column, number = draw(st.sampled_from(relation.of_kind("int"))), draw(st.integers(0, 9))
    rows = ref.expression(relation.rows, {f"e_{node}": lambda row: (row[column] or 0) + number})
    columns = {f"e_{node}": f"COALESCE([{column}], 0) + {number}"}
    made = {**relation.columns, f"e_{node}": "int"}
    graph.add(node, {"type": "transform.expression", "from": name, "columns": columns}, made, rows)


def _select(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    wanted = draw(st.lists(st.sampled_from(list(relation.columns)), min_size=1, max_size=4, unique=True))
    rows = ref.select(relation.rows, {one: one for one in wanted})
    columns = {one: relation.columns[one] for one in wanted}
    graph.add(node, {"type": "transform.select", "from": name, "columns": wanted}, columns, rows)


def _aggregate(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), max_size=2, unique=True))
    texts, kinds = {f"n_{node}": "COUNT(*)"}, {f"n_{node}": "int"}
    values: dict[str, ref.Aggregate] = {f"n_{node}": ref.count}
    numbers = relation.of_kind("int", "number")
    if numbers:
        of = draw(st.sampled_from(numbers))
        texts |= {f"s_{node}": f"SUM([{of}])", f"m_{node}": f"MIN([{of}])"}
        values |= {f"s_{node}": ref.sum_of(of), f"m_{node}": ref.min_of(of)}
        kinds |= {f"s_{node}": "number", f"m_{node}": relation.columns[of]}
    rows = ref.aggregate(relation.rows, keys, values)
    columns = {**{key: relation.columns[key] for key in keys}, **kinds}
    graph.add(node, {"type": "transform.aggregate", "from": name, "group_by": keys, "aggregates": texts}, columns, rows)


def _deduplicate(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), min_size=1, max_size=2, unique=True))
    (texts, terms), keep = _order(draw, relation), draw(st.sampled_from(["first", "last"]))
    spec = {"type": "transform.deduplicate", "from": name, "keys": keys, "order_by": texts, "keep": keep}
    graph.add(node, spec, relation.columns, ref.deduplicate(relation.rows, keys, terms, keep=keep))


def _window(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    assume(relation.of_kind("int"))
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), max_size=1))
    of = draw(st.sampled_from(relation.of_kind("int")))
    texts, terms = _order(draw, relation)
    rows = ref.window(
        relation.rows,
        keys,
        terms,
        {f"w_{node}": lambda _, at: at + 1, f"r_{node}": lambda line, at: ref.sum_of(of)(line[: at + 1])},
    )
    spec = {
        "type": "transform.window",
        "from": name,
        "partition_by": keys,
        "order_by": texts,
        "columns": {f"w_{node}": "ROW_NUMBER()", f"r_{node}": f"SUM([{of}])"},
    }
    graph.add(node, spec, {**relation.columns, f"w_{node}": "int", f"r_{node}": "number"}, rows)


def _sort(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    texts, terms = _order(draw, relation)
    limit, offset = draw(st.integers(0, 8)), draw(st.integers(0, 3))
    spec = {"type": "transform.sort", "from": name, "order_by": texts, "limit": limit, "offset": offset}
    graph.add(node, spec, relation.columns, ref.ordered(relation.rows, terms)[offset : offset + limit])


def _union(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    other, second = _pick(draw, graph)
    assume(name != other)
    assume(all(second.columns.get(column, kind) == kind for column, kind in relation.columns.items()))
    distinct = draw(st.booleans())
    rows = ref.union([(list(relation.columns), relation.rows), (list(second.columns), second.rows)], distinct=distinct)
    spec = {
        "type": "transform.union",
        "from": [name, other],
        "match": "name",
        "mode": "distinct" if distinct else "all",
    }
    graph.add(node, spec, {**relation.columns, **second.columns}, rows)


def _join(draw: Draw, graph: Graph, node: str) -> None:
    name, left = _pick(draw, graph)
    other, right = _pick(draw, graph)
    how = draw(st.sampled_from(["inner", "left", "right", "full", "semi", "anti"]))
    pairs = [(a, b) for a, kind in left.columns.items() for b, its in right.columns.items() if kind == its != "number"]
    assume(pairs)
    ours, theirs = draw(st.sampled_from(pairs))
    null_safe, prefix = draw(st.booleans()), f"{node}_"
    rows = ref.join(
        (list(left.columns), left.rows),
        (list(right.columns), right.rows),
        how,
        {ours: theirs},
        null_safe=null_safe,
        right_prefix=prefix,
    )
    columns = dict(left.columns)
    if how not in ("semi", "anti"):
        for column, kind in right.columns.items():
            if not (ours == theirs == column):
                columns[f"{prefix}{column}" if column in left.columns else column] = kind
    spec = {
        "type": "transform.join",
        "from": {"left": name, "right": other},
        "how": how,
        "keys": [ours] if ours == theirs else {ours: theirs},
        "null_safe": null_safe,
        "right_prefix": prefix,
    }
    graph.add(node, spec, columns, rows)


STEPS = (_filter, _router, _expression, _select, _aggregate, _deduplicate, _window, _sort, _union, _join, _join)
