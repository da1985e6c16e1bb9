"""ai.enrich: the rows stand numbered in one table, what the model said of each in another; SQL joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.projection import REJECT_REASON
from dataflow_provider.compiler.lowering.tree import alias, column, select, star, star_or_columns, typed_null
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import RAW
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import AiEnrich

NUMBERED = "numbered"
ROW_NUMBER = "df_row"

ENRICH_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
}
_TEXT_LENGTH = 1_000


def lower_enrich(scope: Lowering, node: GraphNode, spec: AiEnrich, ports: Sequence[Port]) -> None:
    """Without a run there are no answers: a rehearsal joins none, and texts alone are left to `checked_nodes`."""
    if scope.values is None and not scope.rehearsed:
        return
    rows = scope.input(node.inputs[0])
    for port in ports:
        if scope.rehearsed:
            _stand_in(scope, node, spec, rows, port)
        else:
            _joined(scope, node, spec, rows, port)


def enriched_columns(columns: Columns | None, spec: AiEnrich) -> Columns | None:
    """Return the columns that the node hands on: an output takes the place of an input column of its name."""
    if columns is None:
        return None
    return {**_carried(columns, spec), **dict.fromkeys(spec.outputs, "")}


def _carried(columns: Columns, spec: AiEnrich) -> Columns:
    replaced = {name.casefold() for name in spec.outputs}
    return {name: kind for name, kind in columns.items() if name.casefold() not in replaced}


def _joined(scope: Lowering, node: GraphNode, spec: AiEnrich, rows: Relation, port: Port) -> None:
    numbered = Relation(_parts(scope, node, NUMBERED), rows.columns, cheap=True)
    answers = Relation(_parts(scope, node, RAW), None, cheap=True)
    if port == REJECTED:
        items = [*star_or_columns(rows.columns, "n"), column(REJECT_REASON, "a")]
        columns: Columns | None = None if rows.columns is None else {**rows.columns, REJECT_REASON: ""}
    else:
        carried = None if rows.columns is None else _carried(rows.columns, spec)
        kept = [star(side="n")] if carried is None else [column(name, "n") for name in carried]
        items = [*kept, *(column(name, "a") for name in spec.outputs)]
        columns = enriched_columns(rows.columns, spec)
    same = exp.EQ(this=column(ROW_NUMBER, "n"), expression=column(ROW_NUMBER, "a"))
    body = select(items, numbered.table("n")).join(answers.table("a"), on=same, join_type="inner", copy=False)
    if spec.on_error == "reject":
        missing = exp.Is(this=column(REJECT_REASON, "a"), expression=exp.null())
        body = body.where(exp.Not(this=missing) if port == REJECTED else missing, copy=False)
    scope.define(node.id, port, body, columns)


def _stand_in(scope: Lowering, node: GraphNode, spec: AiEnrich, rows: Relation, port: Port) -> None:
    if port == REJECTED:
        items = [*star_or_columns(rows.columns), _null(scope, "string", REJECT_REASON)]
        scope.define(node.id, port, select(items, rows.table()), None)
        return
    carried = None if rows.columns is None else _carried(rows.columns, spec)
    items = [*star_or_columns(carried), *(_null(scope, one.type, name) for name, one in spec.outputs.items())]
    scope.define(node.id, port, select(items, rows.table()), enriched_columns(rows.columns, spec))


def _null(scope: Lowering, kind: str, name: str) -> exp.Expr:
    text = scope.dialect.publish.text_type(_TEXT_LENGTH) if kind == "string" else ENRICH_TYPES.get(kind, "VARCHAR")
    return alias(typed_null(text, scope.dialect), name)


def _parts(scope: Lowering, node: GraphNode, port: str) -> tuple[str, ...]:
    values = scope.values or RunValues("")
    return scope.dialect.stage_parts(stage_table_name(scope.pipeline.id, values, node.id, port))


def describe_enrich(spec: AiEnrich) -> str:
    """Return what a model is asked for as a comment of SQL, for those who read a compiled stage."""
    told = [
        f"the model of connection {spec.model_connection} fills {', '.join(spec.outputs)} from {', '.join(spec.inputs)}"
    ]
    told += [f"on_error={spec.on_error}"]
    told += [f"max_cost={spec.max_cost}"] if spec.max_cost is not None else []
    return "\n".join(f"-- {line}" for line in told)
