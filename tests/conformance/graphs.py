"""Random graphs: a hypothesis strategy that grows a pipeline and, step by step, the rows it must give.

Orders always end in all columns of the rows, so that a tie is between equal rows and every engine picks the same.
A `label` is a text that the graph itself makes; MariaDB does not compare it with the texts of tables, whose collation
is another.
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

MAX_NODES = 12
MAX_ROWS = 300
MAX_COLUMNS = 24
ODD_NAMES = ("Order By", "Group", "naïve", "a.b", "100%", "it's", 'say "x"', "SELECT", "日本", "a-b", "tick`s")
KIND_OF = {"INTEGER": "int", "VARCHAR": "text", "DECIMAL(12,2)": "number", "DATE": "date"}
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Relation:
    """What a node hands on: column → kind (`int`, `text`, `number`, `date`, `label`), and the rows."""

    columns: dict[str, str]
    rows: Rows

    def of_kind(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.columns.items() if kind in kinds]

    def has(self, column: str) -> bool:
        """Return whether there is a column of that name, in any case."""
        return column.casefold() in {name.casefold() for name in self.columns}


@dataclass
class Graph:
    """Nodes so far and what each of them hands on; `unread` are the outputs that a target gets."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict, repr=False)
    unread: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, node: dict[str, Any], columns: dict[str, str], rows: Rows) -> None:
        assume(len(rows) <= MAX_ROWS and len(columns) <= MAX_COLUMNS)
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
    for number in range(draw(st.integers(1, MAX_NODES))):
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
    """A new column, or one in the place of another, whose old value the others still see."""
    name, relation = _pick(draw, graph)
    numbers = relation.of_kind("int")
    assume(numbers)
    column, number = draw(st.sampled_from(numbers)), draw(st.integers(0, 9))
    condition, holds = _condition(draw, relation)
    texts = {f"e_{node}": f"COALESCE([{column}], 0) + {number}"}
    values: dict[str, ref.Expression] = {f"e_{node}": lambda row: (row[column] or 0) + number}
    kinds = {f"e_{node}": "int"}
    if draw(st.booleans()):
        texts[f"c_{node}"] = f"CASE WHEN {condition} THEN 'ja' ELSE 'nö''' END"
        values[f"c_{node}"] = lambda row: "ja" if holds(row) else "nö'"
        kinds[f"c_{node}"] = "label"
    if draw(st.booleans()):
        replaced = draw(st.sampled_from(numbers))
        texts[replaced] = f"CASE WHEN [{column}] > {number} THEN NULL ELSE [{column}] END"
        values[replaced] = lambda row: None if row[column] is not None and row[column] > number else row[column]
        kinds[replaced] = "int"
    rows = ref.expression(relation.rows, values)
    spec = {"type": "transform.expression", "from": name, "columns": texts}
    graph.add(node, spec, {**relation.columns, **kinds}, rows)


def _select(draw: Draw, graph: Graph, node: str) -> None:
    """Some columns, one perhaps under an odd name."""
    name, relation = _pick(draw, graph)
    wanted = draw(st.lists(st.sampled_from(list(relation.columns)), min_size=1, max_size=4, unique=True))
    named = {one: one for one in wanted}
    odd = draw(st.sampled_from(ODD_NAMES))
    if draw(st.booleans()) and not any(odd.casefold() == one.casefold() for one in wanted):
        named = {odd if one == wanted[0] else one: one for one in wanted}
    spec = [old if new == old else {"name": old, "as": new} for new, old in named.items()]
    columns = {new: relation.columns[old] for new, old in named.items()}
    rows = ref.select(relation.rows, named)
    graph.add(node, {"type": "transform.select", "from": name, "columns": spec}, columns, rows)


def _drop(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    assume(len(relation.columns) > 2)
    gone, renamed = draw(st.permutations(list(relation.columns)))[:2]
    kept = {f"d_{node}" if one == renamed else one: one for one in relation.columns if one != gone}
    columns = {new: relation.columns[old] for new, old in kept.items()}
    spec = {"type": "transform.select", "from": name, "drop": [gone], "rename": {renamed: f"d_{node}"}}
    graph.add(node, spec, columns, ref.select(relation.rows, kept))


def _cast_to_text(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    assume(relation.of_kind("int"))
    column = draw(st.sampled_from(relation.of_kind("int")))
    columns = {**relation.columns, column: "label"}
    rows = [{**row, column: None if row[column] is None else str(row[column])} for row in relation.rows]
    wanted = [{"name": column, "cast": "TEXT"} if one == column else one for one in columns]
    graph.add(node, {"type": "transform.select", "from": name, "columns": wanted}, columns, rows)


def _cast_to_number(draw: Draw, graph: Graph, node: str) -> None:
    """A text of a table to an integer, which none of them is."""
    name, relation = _pick(draw, graph)
    assume(relation.of_kind("text") and "_reject_reason" not in relation.columns)
    column, on_error = draw(st.sampled_from(relation.of_kind("text"))), draw(st.sampled_from(["null", "reject"]))
    columns = {**relation.columns, column: "int"}
    cast = {"name": column, "cast": "INTEGER", "on_error": on_error}
    wanted = [cast if one == column else one for one in columns]
    rows = [{**row, column: None} for row in relation.rows if on_error == "null" or row[column] is None]
    graph.add(node, {"type": "transform.select", "from": name, "columns": wanted}, columns, rows)
    if on_error == "reject" and draw(st.booleans()):
        reason = f"column `{column}` cannot be cast to INTEGER"
        bad = [{**row, "_reject_reason": reason} for row in relation.rows if row[column] is not None]
        graph.offer(f"{node}.rejected", {**relation.columns, "_reject_reason": "label"}, bad)


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
    some = draw(st.sampled_from(list(relation.columns)))
    texts |= {f"x_{node}": f"MAX([{some}])", f"d_{node}": f"COUNT(DISTINCT [{some}])", f"k_{node}": f"COUNT([{some}])"}
    values |= {f"x_{node}": ref.max_of(some), f"d_{node}": ref.count_distinct_of(some)}
    values |= {f"k_{node}": ref.count_of(some)}
    kinds |= {f"x_{node}": relation.columns[some], f"d_{node}": "int", f"k_{node}": "int"}
    rows = ref.aggregate(relation.rows, keys, values)
    columns = {**{key: relation.columns[key] for key in keys}, **kinds}
    spec: dict[str, Any] = {"type": "transform.aggregate", "from": name, "group_by": keys, "aggregates": texts}
    if draw(st.booleans()):
        least = draw(st.integers(0, 2))
        spec["having"] = f"COUNT(*) > {least}"
        rows = [row for row in rows if row[f"n_{node}"] > least]
    graph.add(node, spec, columns, rows)


def _deduplicate(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), min_size=1, max_size=3, unique=True))
    (texts, terms), keep = _order(draw, relation), draw(st.sampled_from(["first", "last"]))
    spec = {"type": "transform.deduplicate", "from": name, "keys": keys, "order_by": texts, "keep": keep}
    graph.add(node, spec, relation.columns, ref.deduplicate(relation.rows, keys, terms, keep=keep))


def _window(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    assume(relation.of_kind("int"))
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), max_size=2, unique=True))
    of = draw(st.sampled_from(relation.of_kind("int")))
    texts, terms = _order(draw, relation)
    before, behind = draw(st.sampled_from([(None, 0), (1, 1), (2, 0), (None, None), (0, 2), (3, None)]))

    def framed(line: Rows, at: int) -> Rows:
        return line[0 if before is None else max(at - before, 0) : len(line) if behind is None else at + behind + 1]

    columns: dict[str, tuple[str, Callable[[Rows, int], Any]]] = {
        f"w_{node}": ("ROW_NUMBER()", lambda _, at: at + 1),
        f"r_{node}": (f"SUM([{of}])", lambda line, at: ref.sum_of(of)(framed(line, at))),
        f"l_{node}": (f"LAG([{of}])", lambda line, at: line[at - 1][of] if at else None),
        f"f_{node}": (f"LEAD([{of}], 2)", lambda line, at: line[at + 2][of] if at + 2 < len(line) else None),
        f"t_{node}": (f"MAX([{of}])", lambda line, at: ref.max_of(of)(framed(line, at))),
    }
    rows = ref.window(relation.rows, keys, terms, {name: function for name, (_, function) in columns.items()})
    frame = f"ROWS BETWEEN {_bound(before, 'PRECEDING')} AND {_bound(behind, 'FOLLOWING')}"
    spec = {
        "type": "transform.window", "from": name, "partition_by": keys, "order_by": texts, "frame": frame,
        "columns": {name: text for name, (text, _) in columns.items()},
    }  # fmt: skip
    kinds = {**dict.fromkeys(columns, "int"), f"r_{node}": "number"}
    graph.add(node, spec, {**relation.columns, **kinds}, rows)


def _bound(rows: int | None, side: str) -> str:
    if rows == 0:
        return "CURRENT ROW"
    return f"{'UNBOUNDED' if rows is None else rows} {side}"


def _sort(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    texts, terms = _order(draw, relation)
    limit, offset = draw(st.integers(0, 8)), draw(st.integers(0, 3))
    spec = {"type": "transform.sort", "from": name, "order_by": texts, "limit": limit, "offset": offset}
    graph.add(node, spec, relation.columns, ref.ordered(relation.rows, terms)[offset : offset + limit])


def _union(draw: Draw, graph: Graph, node: str) -> None:
    """Two or three inputs by name; what one of them lacks is NULL."""
    picked = dict(_pick(draw, graph) for _ in range(draw(st.integers(2, 3))))
    assume(len(picked) > 1)
    columns: dict[str, str] = {}
    for relation in picked.values():
        assume(all(columns.get(column, kind) == kind for column, kind in relation.columns.items()))
        columns |= relation.columns
    assume(len({column.casefold() for column in columns}) == len(columns))
    distinct = draw(st.booleans())
    rows = ref.union([(list(one.columns), one.rows) for one in picked.values()], distinct=distinct)
    mode = "distinct" if distinct else "all"
    graph.add(node, {"type": "transform.union", "from": list(picked), "match": "name", "mode": mode}, columns, rows)


def _union_by_position(draw: Draw, graph: Graph, node: str) -> None:
    """One output below another with as many columns of the same kinds, under the names of the first."""
    name, relation = _pick(draw, graph)
    kinds = list(relation.columns.values())
    alike = [one for one, its in graph.relations.items() if one != name and list(its.columns.values()) == kinds]
    assume(alike)
    other, distinct = draw(st.sampled_from(alike)), draw(st.booleans())
    inputs = [(list(one.columns), one.rows) for one in (relation, graph.relations[other])]
    rows = ref.union(inputs, distinct=distinct, by_name=False)
    mode = "distinct" if distinct else "all"
    spec = {"type": "transform.union", "from": [name, other], "match": "position", "mode": mode}
    graph.add(node, spec, relation.columns, rows)


def _pivot(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    texts, numbers = relation.of_kind("text"), relation.of_kind("int", "number")
    assume(texts and numbers)
    column, value = draw(st.sampled_from(texts)), draw(st.sampled_from(numbers))
    keys = draw(st.lists(st.sampled_from(list(relation.columns)), min_size=1, max_size=2, unique=True))
    values = draw(st.lists(st.sampled_from(["a", "b", "O'Hara", "groß", "none of them"]), min_size=1, unique=True))
    ways = [("SUM", ref.sum_of, "number"), ("COUNT", ref.count_of, "int"), ("MAX", ref.max_of, relation.columns[value])]
    aggregate, of, kind = draw(st.sampled_from(ways))
    rows = ref.pivot(relation.rows, keys, column, value, values, of("value"))
    spec = {
        "type": "transform.pivot", "from": name, "keys": keys, "column": column, "value": value, "values": values,
        "aggregate": aggregate,
    }  # fmt: skip
    kinds = {key: relation.columns[key] for key in keys} | dict.fromkeys(values, kind)
    assume(len({one.casefold() for one in kinds}) == len(keys) + len(values))
    graph.add(node, spec, kinds, rows)


def _unpivot(draw: Draw, graph: Graph, node: str) -> None:
    name, relation = _pick(draw, graph)
    kind = draw(st.sampled_from(["int", "text"]))
    assume(relation.of_kind(kind))
    values = draw(st.lists(st.sampled_from(relation.of_kind(kind)), min_size=1, max_size=3, unique=True))
    others = [one for one in relation.columns if one not in values]
    assume(others)
    keys = draw(st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True))
    keep = draw(st.booleans())
    rows = ref.unpivot(relation.rows, keys, f"u_{node}", f"v_{node}", values, keep_nulls=keep)
    spec = {
        "type": "transform.pivot", "kind": "unpivot", "from": name, "keys": keys, "column": f"u_{node}",
        "value": f"v_{node}", "values": values, "keep_nulls": keep,
    }  # fmt: skip
    columns = {key: relation.columns[key] for key in keys} | {f"u_{node}": "label", f"v_{node}": kind}
    graph.add(node, spec, columns, rows)


def _sql(draw: Draw, graph: Graph, node: str) -> None:
    """A query of an author over one output, which it names by the node and its port."""
    name, relation = _pick(draw, graph)
    column = draw(st.sampled_from(list(relation.columns)))
    given = name.replace(".", "__")
    query = f"SELECT [{column}] AS [Q {node}], COUNT(*) AS [q_{node}] FROM [{given}] GROUP BY [{column}]"
    counted = ref.aggregate(relation.rows, [column], {f"q_{node}": ref.count})
    rows = ref.select(counted, {f"Q {node}": column, f"q_{node}": f"q_{node}"})
    columns = {f"Q {node}": relation.columns[column], f"q_{node}": "int"}
    graph.add(node, {"type": "transform.sql", "from": name, "query": query}, columns, rows)


def _join(draw: Draw, graph: Graph, node: str) -> None:
    """A join by one or two keys, of one name or of two, perhaps with a condition."""
    name, left = _pick(draw, graph)
    other, right = _pick(draw, graph)
    how = draw(st.sampled_from(["inner", "left", "right", "full", "semi", "anti"]))
    pairs = [(a, b) for a, kind in left.columns.items() for b, its in right.columns.items() if kind == its != "number"]
    pairs = [(a, b) for a, b in pairs if a == b or a.casefold() != b.casefold()]
    assume(pairs)
    keys = dict(draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=2, unique_by=(_first, _second))))
    condition, text = None, None
    numbers = (left.of_kind("int", "number"), right.of_kind("int", "number"))
    if how not in ("right", "full") and all(numbers) and draw(st.booleans()):
        text, condition = _larger(draw(st.sampled_from(numbers[0])), draw(st.sampled_from(numbers[1])))
    null_safe, prefix = draw(st.booleans()), f"{node}_"
    # A list of keys gives one column for each name; a map keeps both columns of each pair.
    listed = all(ours == theirs for ours, theirs in keys.items())
    assume(listed or all(ours != theirs for ours, theirs in keys.items()))
    inputs = ((list(left.columns), left.rows), (list(right.columns), right.rows))
    rows = ref.join(*inputs, how, keys, condition=condition, null_safe=null_safe, right_prefix=prefix)
    columns = dict(left.columns)
    if how not in ("semi", "anti"):
        for column, kind in right.columns.items():
            if keys.get(column) != column:
                columns[f"{prefix}{column}" if left.has(column) else column] = kind
    spec: dict[str, Any] = {
        "type": "transform.join", "from": {"left": name, "right": other}, "how": how, "null_safe": null_safe,
        "keys": list(keys) if listed else keys, "right_prefix": prefix,
    }  # fmt: skip
    if text is not None:
        spec["condition"] = text
    graph.add(node, spec, columns, rows)


def _first(pair: tuple[str, str]) -> str:
    return pair[0]


def _second(pair: tuple[str, str]) -> str:
    return pair[1]


def _larger(ours: str, theirs: str) -> tuple[str, Callable[[Row, Row], bool]]:
    def holds(one: Row, other: Row) -> bool:
        return one[ours] is not None and other[theirs] is not None and bool(one[ours] > other[theirs])

    return f"l.[{ours}] > r.[{theirs}]", holds


def _cross(draw: Draw, graph: Graph, node: str) -> None:
    name, left = _pick(draw, graph)
    other, right = _pick(draw, graph)
    renamed = {column: f"{node}_{column}" if left.has(column) else column for column in right.columns}
    assume(len(left.rows) * len(right.rows) <= MAX_ROWS)
    rows = [{**one, **{renamed[key]: value for key, value in two.items()}} for one in left.rows for two in right.rows]
    inputs, prefix = {"left": name, "right": other}, f"{node}_"
    columns = {**left.columns, **{renamed[column]: kind for column, kind in right.columns.items()}}
    spec = {"type": "transform.join", "from": inputs, "how": "cross", "right_prefix": prefix}
    graph.add(node, spec, columns, rows)


STEPS = (
    _filter, _router, _expression, _select, _drop, _cast_to_text, _cast_to_number, _aggregate, _deduplicate, _window,
    _sort, _union, _union_by_position, _pivot, _unpivot, _sql, _join, _join, _cross,
)  # fmt: skip
