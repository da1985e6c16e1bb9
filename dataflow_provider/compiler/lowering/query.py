"""transform.sql: the author's query over the inputs, which it names; no other table is in reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from dataflow_provider.compiler.columns import ambiguous_in_query, missing_in_query, output_columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.tree import identifier
from dataflow_provider.compiler.typing_checks import offset_of
from dataflow_provider.spec.nodes import AiSql, SqlTransform
from dataflow_provider.spec.suggestions import did_you_mean, listed


def lower_sql(scope: Lowering, node: GraphNode, spec: SqlTransform | AiSql, ports: Sequence[Port]) -> None:
    inputs = {given.name: scope.input(given) for given in node.inputs}
    columns = {name: rows.columns for name, rows in inputs.items()}
    query = scope.query(node.id, ("query",), spec.query or "", columns)
    if query is None:
        scope.define(node.id, None, exp.select(exp.null()), None)
        return
    tables = [one for one in query.find_all(exp.Table) if not isinstance(one.this, exp.Func) and not is_cte(one)]
    for one in tables:
        if _input_of(one, inputs) is None:
            _refuse(scope, node, one, inputs)
    if not scope.has_problem(node.id):
        for found in missing_in_query(query, columns):
            scope.missing(node.id, ("query",), found.name, found.known, offset=offset_of(found.used))
        for found in ambiguous_in_query(query, columns):
            scope.problem(
                node.id,
                ("query",),
                "DF-SQL-019",
                f"the column `{found.name}` is in {listed(found.known)}",
                f"Write `{found.known[0]}.{found.name}`, or the name of another one before it.",
                offset_of(found.used),
            )
    output = output_columns(query, columns)
    for one in tables:
        rows = _input_of(one, inputs)
        if rows is not None:
            _point_to(one, rows)
    scope.define(node.id, None, query, output)


def _input_of(table: exp.Table, inputs: Mapping[str, Relation]) -> Relation | None:
    if table.db:
        return None
    return next((rows for name, rows in inputs.items() if name.casefold() == table.name.casefold()), None)


def _refuse(scope: Lowering, node: GraphNode, table: exp.Table, inputs: Mapping[str, Relation]) -> None:
    name = ".".join(part.name for part in table.parts)
    scope.problem(
        node.id,
        ("query",),
        "DF-SQL-031",
        f"`{name}` is no input of this node; its inputs are {listed(inputs) or 'none'}",
        did_you_mean(name, inputs) or "Add a source node for the table and name it in `from`.",
        offset_of(table),
    )


def _point_to(table: exp.Table, rows: Relation) -> None:
    """Let the reference read our rows under the name that the author knows them by."""
    if table.args.get("alias") is None:
        table.set("alias", exp.TableAlias(this=identifier(table.name)))
    elif not table.alias:
        table.args["alias"].set("this", identifier(table.name))
    real = rows.table()
    table.set("this", real.this)
    table.set("db", real.args.get("db"))
    table.meta["ours"] = True


def is_cte(table: exp.Table) -> bool:
    """Return whether the reference means a WITH of the query itself, by the visibility rules of SQL."""
    if table.db:
        return False
    inside = {id(table)}
    parent = table.parent
    while parent is not None:
        inside.add(id(parent))
        with_ = parent.args.get("with_")
        for cte in with_.expressions if isinstance(with_, exp.With) else ():
            holds = id(cte) in inside
            if cte.alias.casefold() == table.name.casefold() and (not holds or cte.parent.recursive):
                return True
            if holds:
                break
        parent = parent.parent
    return False
