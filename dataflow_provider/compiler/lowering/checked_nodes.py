"""Columns and types that nodes name outside of SQL: quality rules, keys and windows of a target, AI inputs.

Only checks call this, before anything runs; quality and AI nodes pass their rows on, with the columns that they add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.kinds import MOMENT, NUMBER, TEXT, family, kind_of_type
from dataflow_provider.compiler.lowering.context import Lowering, Path, Relation
from dataflow_provider.compiler.lowering.enrich import ENRICH_TYPES
from dataflow_provider.compiler.lowering.tree import order_parts
from dataflow_provider.compiler.typing_checks import clash_of
from dataflow_provider.compiler.typing_rules import word
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.nodes import (
    AiAssist,
    AiEnrich,
    AiSql,
    ColumnRule,
    ColumnRulesQuality,
    FreshnessQuality,
    NodeBase,
    QualityBase,
    ReconcileQuality,
    ReferenceQuality,
    RowRuleQuality,
    SourceBase,
    SqlTarget,
)

_NOT_ORDERED = ("JSON", "BLOB", "BOOLEAN")
Check = Callable[[Lowering, GraphNode, Any, Relation], None]


def check_node(scope: Lowering, node: GraphNode) -> None:
    """Report what the fields of a node name wrongly, and hand the rows of quality and AI nodes on."""
    spec = node.spec
    if isinstance(spec, SourceBase):
        _check_source(scope, node, spec)
    if not node.inputs or not isinstance(spec, QualityBase | AiAssist | AiEnrich | AiSql):
        return
    if isinstance(spec, AiSql):
        return
    rows = scope.input(node.inputs[0])
    check = _CHECKS.get(type(spec))
    if check is not None:
        check(scope, node, spec, rows)
    kept = _enriched(rows, spec) if isinstance(spec, AiEnrich) else rows
    for port, given in ((None, kept), (REJECTED, rows)):
        scope.relations.setdefault((node.id, port), given)


def _enriched(rows: Relation, spec: AiEnrich) -> Relation:
    if rows.columns is None:
        return rows
    new = {name: ENRICH_TYPES.get(output.type, "") for name, output in spec.outputs.items()}
    columns = {**rows.columns, **dict.fromkeys(new, "")}
    return Relation(rows.parts, columns, rows.cheap, {**rows.kinds, **new})


def check_target(scope: Lowering, node: GraphNode, spec: SqlTarget) -> None:
    """Report columns that `write` and `create` name and the rows do not have, and a window that is no time."""
    rows, write = scope.input(node.inputs[0]), spec.write
    for path, names in (
        (("write", "keys"), write.keys),
        (("write", "update_columns"), write.update_columns or ()),
        (("create", "primary_index"), spec.create.primary_index),
        (("create", "cluster_by"), spec.create.cluster_by),
    ):
        _require(scope, node, path, names, rows)
    if write.dedupe is not None:
        _require(
            scope, node, ("write", "dedupe", "order_by"), [order_parts(one)[0] for one in write.dedupe.order_by], rows
        )
    if write.delete_when is not None:
        _check_expression(scope, node, ("write", "delete_when"), write.delete_when, rows, condition=True)
    if write.window is not None:
        _check_time(scope, node, ("write", "window", "column"), write.window.column, rows)


def _require(scope: Lowering, node: GraphNode, path: Path, names: Sequence[str], rows: Relation) -> None:
    for at, name in enumerate(names):
        scope.real_name(node.id, (*path, at), name, rows.columns)


def _check_time(scope: Lowering, node: GraphNode, path: Path, name: str, rows: Relation) -> None:
    """Its values are compared with the bounds of an interval."""
    kind = rows.kinds.get(scope.real_name(node.id, path, name, rows.columns), "")
    severity = clash_of(kind, "TIMESTAMP", scope.dialect)
    if severity is not None:
        message = f"the column `{name}` is {word(family(kind))} ({kind}), and it is compared with points in time"
        hint = "Name a date or timestamp column, or cast this one in a `transform.select`."
        scope.problem(node.id, path, "DF-TYPE-007", message, hint, severity=severity)


def _check_source(scope: Lowering, node: GraphNode, spec: SourceBase) -> None:
    """Report an incremental read by a column whose values have no order; offline the schema tells its type."""
    if spec.incremental is None:
        return
    types = {name.casefold(): text for name, text in (spec.schema_ or {}).items()}
    kind = kind_of_type(types.get(spec.incremental.column.casefold(), ""), get_dialect(node.dialect))
    if kind in _NOT_ORDERED:
        message = f"the column `{spec.incremental.column}` is {kind}, whose values do not grow from run to run"
        hint = "Name a timestamp or a number that only grows."
        scope.problem(node.id, ("incremental", "column"), "DF-TYPE-008", message, hint)


# ---------------------------------------------------------------- quality and AI


def _check_rules(scope: Lowering, node: GraphNode, spec: ColumnRulesQuality, rows: Relation) -> None:
    for at, rule in enumerate(spec.rules):
        path = ("rules", at, "column")
        name = scope.real_name(node.id, path, rule.column, rows.columns)
        wanted = _wanted(rule)
        kin = family(rows.kinds.get(name, ""))
        if kin and wanted and kin not in wanted:
            message = (
                f"the check `{rule.check}` is made for {' or '.join(word(one) for one in wanted)}, and the column "
                f"`{rule.column}` is {word(kin)}"
            )
            hint = "Cast the column before, or choose another check."
            scope.problem(node.id, path, "DF-TYPE-009", message, hint, severity=Severity.WARNING)


def _wanted(rule: ColumnRule) -> tuple[str, ...]:
    """Return the families that a check is made for; () for those that any value can meet."""
    if rule.check in ("regex", "length"):
        return (TEXT,)
    if rule.check != "range":
        return ()
    bound = rule.min if rule.min is not None else rule.max
    return (NUMBER,) if isinstance(bound, int | float) else (MOMENT,)


def _check_row_rule(scope: Lowering, node: GraphNode, spec: RowRuleQuality, rows: Relation) -> None:
    _check_expression(scope, node, ("where",), spec.where, rows, condition=True)


def _check_reconcile(scope: Lowering, node: GraphNode, spec: ReconcileQuality, rows: Relation) -> None:
    for name, text in spec.measures.items():
        _check_expression(scope, node, ("measures", name), text, rows, condition=False)


def _check_expression(
    scope: Lowering, node: GraphNode, path: Path, text: str, rows: Relation, *, condition: bool
) -> None:
    tree = scope.expression(node.id, path, text, {"": rows.columns})
    scope.type_expression(node.id, path, tree, rows, condition=condition)


def _check_reference(scope: Lowering, node: GraphNode, spec: ReferenceQuality, rows: Relation) -> None:
    _require(scope, node, ("columns",), spec.columns, rows)


def _check_freshness(scope: Lowering, node: GraphNode, spec: FreshnessQuality, rows: Relation) -> None:
    if spec.column is not None:
        _check_time(scope, node, ("column",), spec.column, rows)


def _check_enrich(scope: Lowering, node: GraphNode, spec: AiEnrich, rows: Relation) -> None:
    _require(scope, node, ("inputs",), spec.inputs, rows)


_CHECKS: Mapping[type[NodeBase], Check] = MappingProxyType(
    {
        ColumnRulesQuality: _check_rules,
        RowRuleQuality: _check_row_rule,
        ReconcileQuality: _check_reconcile,
        ReferenceQuality: _check_reference,
        FreshnessQuality: _check_freshness,
        AiEnrich: _check_enrich,
    }
)
