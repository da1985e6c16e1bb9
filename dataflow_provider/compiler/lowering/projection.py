"""Select and expression: other columns of the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Check, Lowering, Port, Relation
from dataflow_provider.compiler.lowering.tree import (
    alias,
    column,
    first_match,
    identifier,
    select,
    star,
)
from dataflow_provider.dialects.base import CAST_SOURCE
from dataflow_provider.dialects.steps import ROWS
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import ExpressionTransform, SelectColumn, SelectTransform
from dataflow_provider.spec.suggestions import listed

REJECT_REASON = "_reject_reason"


@dataclass(frozen=True)
class _Item:
    """One output column: where it comes from, what it is called, and its cast.

    `source_type` is the type of what is cast in the words of `dialects/assignable.py`, "" when nobody knows it.
    """

    source: str
    name: str
    cast: exp.DataType | None = None
    cast_text: str = ""
    on_error: str = "fail"
    source_type: str = ""

    def value(self) -> exp.Expr:
        if self.cast is None:
            return column(self.source)
        kind = exp.Cast if self.on_error == "fail" else exp.TryCast
        result = kind(this=column(self.source), to=self.cast.copy())
        result.meta[CAST_SOURCE] = self.source_type
        return result

    def fails(self) -> exp.Expr:
        """Return the condition that the value is there and cannot be cast."""
        return exp.and_(
            exp.Not(this=exp.Is(this=column(self.source), expression=exp.null())),
            exp.Is(this=self.value(), expression=exp.null()),
        )

    def output(self) -> exp.Expr:
        value = self.value()
        return value if self.cast is None and self.source == self.name else alias(value, self.name)


def lower_select(scope: Lowering, node: GraphNode, spec: SelectTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    items = _items(scope, node, spec, rows.columns)
    if items is None:
        body: exp.Select = select([star(drop=spec.drop, rename=spec.rename.items())], rows.table())
        scope.define(node.id, None, body, None)
        return
    refuse_repeated(scope, node, [item.name for item in items])
    if not scope.dialect.strict_cast:
        scope.checks += [_cast_check(node, rows, item) for item in items if item.cast and item.on_error == "fail"]
    failures = [item for item in items if item.on_error == "reject" and item.cast is not None]
    body = select([item.output() for item in items], rows.table())
    if failures:
        body = body.where(_failed(failures, exp.EQ), copy=False)
    if None in ports:
        scope.define(node.id, None, body, {item.name: item.cast_text for item in items})
    if REJECTED in ports:
        scope.define(node.id, REJECTED, _rejected(rows, failures), _with_reason(rows.columns))


def _cast_check(node: GraphNode, rows: Relation, item: _Item) -> Check:
    """Return the check that stands in for a CAST that takes any text."""
    bad = select([alias(exp.Count(this=exp.Star()), "bad")], rows.table())
    bad = bad.where(replace(item, on_error="null").fails(), copy=False)
    message = f"{ROWS} values of column `{item.source}` cannot be cast to {item.cast_text}"
    return Check(node.id, bad, message)


def _failed(failures: Sequence[_Item], operator: type[exp.EQ] | type[exp.NEQ]) -> exp.Expr:
    return operator(this=first_match([item.fails() for item in failures]), expression=exp.Literal.number(0))


def _rejected(rows: Relation, failures: Sequence[_Item]) -> exp.Select:
    reasons = [
        exp.Case(
            ifs=[
                exp.If(
                    this=item.fails(),
                    true=exp.Literal.string(f"column `{item.source}` cannot be cast to {item.cast_text}"),
                )
            ]
        )
        for item in failures
    ]
    reason = exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string("; "), *reasons])
    body = select([star(), alias(reason, REJECT_REASON)], rows.table())
    return body.where(_failed(failures, exp.NEQ) if failures else exp.false(), copy=False)


def _with_reason(columns: Columns | None) -> Columns | None:
    return None if columns is None else {**columns, REJECT_REASON: "VARCHAR"}


def _items(scope: Lowering, node: GraphNode, spec: SelectTransform, columns: Columns | None) -> list[_Item] | None:
    """Return the output columns; None when all are asked for and nobody knows which there are."""
    if spec.columns is None:
        if columns is None:
            return None
        items = [_Item(name, name) for name in columns]
    else:
        items = [_written(scope, node, at, one, columns) for at, one in enumerate(spec.columns)]
    names = {item.name: "" for item in items}
    dropped = {scope.real_name(node.id, ("drop", at), name, names) for at, name in enumerate(spec.drop)}
    renamed = {scope.real_name(node.id, ("rename", old), old, names): new for old, new in spec.rename.items()}
    return [replace(item, name=renamed.get(item.name, item.name)) for item in items if item.name not in dropped]


def _written(scope: Lowering, node: GraphNode, at: int, written: str | SelectColumn, columns: Columns | None) -> _Item:
    if isinstance(written, str):
        source = scope.real_name(node.id, ("columns", at), written, columns)
        return _Item(source, written)
    source = scope.real_name(node.id, ("columns", at, "name"), written.name, columns)
    name = written.as_ or written.name
    if written.cast is None:
        return _Item(source, name)
    kind = scope.type(node.id, ("columns", at, "cast"), written.cast)
    known = scope.dialect.publish.canonical_type((columns or {}).get(source, ""))
    return _Item(source, name, kind, written.cast, written.on_error, known)


def refuse_repeated(scope: Lowering, node: GraphNode, names: Sequence[str]) -> None:
    """Report output columns that would share a name; names differ by more than case."""
    folded = [name.casefold() for name in names]
    repeated = list(dict.fromkeys(name for name in names if folded.count(name.casefold()) > 1))
    if repeated:
        scope.problem(
            node.id,
            (),
            "DF-SQL-013",
            f"the output would have the column {listed(repeated)} more than once",
            "Give each column a name of its own.",
        )


# ---------------------------------------------------------------- expression


def lower_expression(scope: Lowering, node: GraphNode, spec: ExpressionTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    new = {
        name: scope.expression(node.id, ("columns", name), text, {"": rows.columns})
        for name, text in spec.columns.items()
    }
    refuse_repeated(scope, node, list(new))
    body, columns = add_columns(rows, new)
    scope.define(node.id, None, body, columns)


def add_columns(rows: Relation, new: Mapping[str, exp.Expr]) -> tuple[exp.Select, Columns | None]:
    """Return the rows with columns added or, under the same name, replaced in their place.

    Without known columns replaced ones go to the end: the place of a column is not told by its name.
    """
    if rows.columns is None:
        return select([_all_but(list(new)), *(alias(value, name) for name, value in new.items())], rows.table()), None
    replaced = {find_column(name, rows.columns): name for name in new}
    items: list[exp.Expr] = []
    columns: dict[str, str] = {}
    for real, kind in rows.columns.items():
        name = replaced.get(real)
        items.append(column(real) if name is None else alias(new[name], name))
        columns[real if name is None else name] = kind if name is None else ""
    for name, value in new.items():
        if find_column(name, rows.columns) is None:
            items.append(alias(value, name))
            columns[name] = ""
    return select(items, rows.table()), columns


def _all_but(names: Sequence[str]) -> exp.Expr:
    """Return every column but those, which may or may not exist."""
    lowered = exp.Lower(this=identifier("c"))
    wanted = exp.Not(this=exp.In(this=lowered, expressions=[exp.Literal.string(name.lower()) for name in names]))
    return exp.Columns(this=exp.Lambda(this=wanted, expressions=[identifier("c")], colon=True))
