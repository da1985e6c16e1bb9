"""What stands now where a node's own texts stood: its SQL with a hole for each text, laid over the edited SQL.

Works for every kind of node and engine, since the lowering itself makes the pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.script.fields import Fields, Reading
from dataflow_provider.compiler.script.view import Rows, conditions_of, cte_of, lower_pipeline
from dataflow_provider.compiler.sqltext import parse_any
from dataflow_provider.spec.models import Pipeline

_HOLE = "df_hole_"
# Fields that hold one text, and fields that hold a map of texts.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "transform.filter": ("where",), "transform.aggregate": ("having",), "transform.join": ("condition",),
    "source": ("where",),
}  # fmt: skip
_MAPS: Mapping[str, str] = {
    "transform.expression": "columns", "transform.aggregate": "aggregates", "transform.router": "routes",
}  # fmt: skip

Slot = tuple[str, str | None]


def fill_holes(
    pipeline: Pipeline, rows: Rows, data: Mapping[str, Any], query: exp.Expr, read: Reading
) -> Iterator[Fields]:
    """Yield the fields of the node whose SQL the query is; `data` is the node as it is written."""
    kind = data["type"] if not data["type"].startswith("source.") else "source"
    present = [(key, None) for key in _TEXTS.get(kind, ()) if key in data]
    several = _MAPS.get(kind, "")
    slots: list[Slot] = [*present, *((several, name) for name in data.get(several) or ())]
    for extra in ([], [(key, None) for key in _TEXTS.get(kind, ()) if key not in data]):
        tried: list[Slot] = [*slots, *extra]
        pattern = _pattern(pipeline, rows, tried, read) if tried else None
        found: dict[str, exp.Expr] = {}
        if pattern is not None and _Match(read, found).trees(pattern, query):
            yield _fields(tried, found, data, read)


def _pattern(pipeline: Pipeline, rows: Rows, slots: list[Slot], read: Reading) -> exp.Expr | None:
    spec = pipeline.nodes[rows[0]]
    update: dict[str, Any] = {}
    for number, (key, name) in enumerate(slots):
        if name is None:
            update[key] = f"{_HOLE}{number}"
        else:
            update[key] = {**(update.get(key) or getattr(spec, key)), name: f"{_HOLE}{number}"}
    nodes = {**pipeline.nodes, rows[0]: spec.model_copy(update=update)}
    lowered = lower_pipeline(pipeline.model_copy(update={"nodes": nodes}))
    name = next((name for name, one in lowered.names.items() if one == rows), None)
    return None if name is None else parse_any(cte_of(lowered, name).body, read.dialect)


def _fields(slots: list[Slot], found: Mapping[str, exp.Expr], data: Mapping[str, Any], read: Reading) -> Fields:
    fields: Fields = {}
    for number, (key, name) in enumerate(slots):
        tree = found.get(f"{_HOLE}{number}")
        if tree is None:
            continue
        if name is None:
            fields[key] = read.text(tree)
        else:
            fields[key] = {**fields.get(key, data[key]), name: read.text(tree)}
    return fields


class _Match:
    """Lays a pattern over a tree and takes out what stands in its holes; parentheses do not count."""

    def __init__(self, read: Reading, found: dict[str, exp.Expr]) -> None:
        self._read = read
        self._found = found

    def trees(self, pattern: exp.Expr, tree: exp.Expr) -> bool:
        pattern, tree = pattern.unnest(), tree.unnest()
        hole = _hole(pattern)
        if hole is not None:
            return self._fill(hole, tree)
        if isinstance(pattern, exp.And):
            return self._chains(conditions_of(pattern), conditions_of(tree))
        if type(pattern) is not type(tree):
            return False
        if isinstance(pattern, exp.Identifier):
            return self._name(pattern) == self._name(tree)
        if isinstance(pattern, exp.Table) and self._read.rows_of(pattern) != self._read.rows_of(tree):
            return False
        keys = {key for key in (*pattern.args, *tree.args) if key != "quoted"}
        return all(self._values(pattern.args.get(key), tree.args.get(key)) for key in keys)

    def _values(self, pattern: Any, tree: Any) -> bool:
        if isinstance(pattern, exp.Expr) and isinstance(tree, exp.Expr):
            return self.trees(pattern, tree)
        if isinstance(pattern, list) and isinstance(tree, list):
            return len(pattern) == len(tree) and all(map(self._values, pattern, tree))
        return (pattern or None) == (tree or None)

    def _chains(self, pattern: list[exp.Expr], trees: list[exp.Expr]) -> bool:
        """What no part of the pattern is like goes into its hole."""
        left = list(trees)
        holes = [hole for hole in map(_hole, pattern) if hole is not None]
        for part in pattern:
            if _hole(part) is None:
                alike = next((one for one in left if self.trees(part, one)), None)
                if alike is None:
                    return False
                left = [one for one in left if one is not alike]
        if len(holes) != 1 or not left:
            return not holes and not left
        return self._fill(holes[0], exp.and_(*left, copy=True))

    def _fill(self, hole: str, tree: exp.Expr) -> bool:
        before = self._found.setdefault(hole, tree)
        return before is tree or self._read.text(before) == self._read.text(tree)

    def _name(self, name: exp.Expr) -> str:
        return name.name if name.args.get("quoted") else self._read.dialect.publish.fold(name.name)


def _hole(tree: exp.Expr) -> str | None:
    if isinstance(tree, exp.Column) and not tree.table and tree.name.lower().startswith(_HOLE):
        return tree.name.lower()
    return None
