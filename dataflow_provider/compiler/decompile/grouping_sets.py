"""ROLLUP, CUBE and GROUPING SETS: one aggregate node for each set of keys, put together by a union.

The union matches by name, so a key that a set leaves out is NULL in its rows, as SQL has it; GROUPING is a number that
each set knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import NotAGraph, Rows, fresh
from dataflow_provider.compiler.decompile.scope import Scope

MAX_SETS = 16
_KINDS = ("rollup", "cube", "grouping_sets")
_ODD = ("totals", "all", "distinct")

Keys = tuple[exp.Expr, ...]


def key_sets(group: exp.Expr | None) -> list[Keys]:
    """Return the sets of keys that the rows are grouped by, one for a plain GROUP BY or none.

    Raises:
        NotAGraph: when there are too many, or a set repeats a key or names it by position.
    """
    if group is None:
        return [()]
    odd = [key for key in _ODD if group.args.get(key)]
    if odd:
        raise NotAGraph(f"GROUP BY {odd[0].upper()} has no node")
    plain = [one for one in group.expressions if not isinstance(one, exp.Rollup | exp.Cube | exp.GroupingSets)]
    parts = [one for one in group.expressions if one not in plain]
    for kind in _KINDS:
        parts += [one for one in group.args.get(kind) or () if isinstance(one, exp.Expr)]
    if any(not one.expressions for one in parts):
        if len(parts) > 1:
            raise NotAGraph("GROUP BY rolls its keys up twice")
        return _checked(_sets_of(parts[0], plain))
    crossed = [tuple(key for one in chosen for key in one) for chosen in product(*map(_sets_of, parts))]
    sets = [(*plain, *one) for one in crossed]
    return _checked(sets) if parts else sets


def _sets_of(part: exp.Expr, keys: Sequence[exp.Expr] = ()) -> list[Keys]:
    """Return the sets of one part; MySQL's WITH ROLLUP names its `keys` in front."""
    elements = [_members(one) for one in part.expressions or keys]
    if isinstance(part, exp.Rollup):
        return [_flat(elements[:size]) for size in range(len(elements), -1, -1)]
    if isinstance(part, exp.Cube):
        sizes = range(len(elements), -1, -1)
        return [_flat(chosen) for size in sizes for chosen in combinations(elements, size)]
    nested = (exp.Rollup, exp.Cube, exp.GroupingSets)
    return [
        keys for one in part.expressions for keys in (_sets_of(one) if isinstance(one, nested) else [_members(one)])
    ]


def _members(tree: exp.Expr) -> Keys:
    """`(a, b)` counts as one element of a ROLLUP, and as one set of GROUPING SETS."""
    if isinstance(tree, exp.Tuple):
        return tuple(tree.expressions)
    return (tree.this,) if isinstance(tree, exp.Paren) else (tree,)


def _flat(elements: Sequence[Keys]) -> Keys:
    return tuple(key for element in elements for key in element)


def _checked(sets: list[Keys]) -> list[Keys]:
    """Return the sets, the widest first."""
    if len(sets) > MAX_SETS:
        raise NotAGraph(f"its rows are grouped in more than {MAX_SETS} ways")
    found = sorted(sets, key=len, reverse=True)
    if any(isinstance(key, exp.Literal) for key in found[0]):
        raise NotAGraph("ROLLUP, CUBE or GROUPING SETS names a key by its position")
    if any(len(set(keys)) < len(keys) for keys in found):
        raise NotAGraph("a set of keys names one key twice")
    if any(key not in found[0] for keys in found for key in keys):
        raise NotAGraph("none of the sets that the rows are grouped by has all keys")
    return found


def add_sets(
    scope: Scope, sets: Sequence[Sequence[str]], aggregates: Mapping[str, str], marks: Mapping[str, Sequence[str]]
) -> None:
    """Group the rows by each set; `marks` are the columns that GROUPING of their keys becomes."""
    before, branches = scope.rows, []
    told = aggregates or {fresh("group_rows", [*sets[0], *marks]): "COUNT(*)"}
    for keys in sets:
        scope.rows = before
        wanted = f"{scope.wanted}_by_{'_'.join(keys)}" if keys else f"{scope.wanted}_total"
        scope.add("transform.aggregate", wanted, {"group_by": list(keys), "aggregates": told}, [*keys, *told])
        values = {name: _grouping(scope, asked, keys) for name, asked in marks.items()}
        scope.compute(values, f"{wanted}_level")
        branches.append(scope.rows.draft)
    columns = (*sets[0], *told, *marks)
    if len(branches) > 1:
        fields = {"mode": "all", "match": "name"}
        scope.rows = Rows(
            scope.planner.drafts.add("transform.union", f"{scope.wanted}_groups", fields, branches), columns
        )


def _grouping(scope: Scope, asked: Sequence[str], keys: Sequence[str]) -> exp.Expr:
    """A bit for each key, the last one lowest: 1 where the rows are not grouped by it."""
    number = sum(1 << at for at, key in enumerate(reversed(asked)) if key not in keys)
    literal = exp.Literal.number(number)
    return exp.cast(literal, "BIGINT") if scope.spelling.dialect.name == "duckdb" else literal
