"""What a connector reads or writes itself for a stage: what it is asked for, and which conditions it may apply.

A condition goes along only where it cannot lose a row that the SQL after it would keep; the SQL applies it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from dataflow_provider.compiler.bind import UnboundError, bind_values
from dataflow_provider.compiler.graph import DEFAULT_DIALECT, GraphNode
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.sqltext import SqlTextError, parse_expression, parse_type
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.manifests import find_manifest
from dataflow_provider.connectors.requests import Comparison, ExtractRequest, LoadRequest, Predicate, Value
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.manifest import Capability
from dataflow_provider.spec.nodes import FileSource, NativeSource, SourceBase, TargetBase, own_fields
from dataflow_provider.spec.project import Project
from dataflow_provider.write_modes.context import run_marker

DEFAULT_BATCH_ROWS = 10_000
RAW = "raw"
RAW_REJECTS = "raw_rejects"
_NOT_ASKED = ("on_bad_record",)

# Engines that compare texts byte by byte, so that a connector may do the same.
_EQUAL_TEXTS = frozenset({"duckdb", "postgres", "sqlite"})
_ORDERED_TEXTS = frozenset({"duckdb", "sqlite"})
_COMPARISONS: dict[type[exp.Expr], tuple[Comparison, Comparison]] = {
    exp.EQ: ("=", "="),
    exp.NEQ: ("<>", "<>"),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
    exp.GT: (">", "<"),
    exp.GTE: (">=", "<="),
}
"""The comparison as written, and the one that says the same with its sides exchanged."""


def raw_table(plan: Plan, values: RunValues, node: GraphNode, port: str | None = None) -> str:
    """Return the quoted name of the table that holds what a connector read, before the node's own SQL."""
    name = stage_table_name(plan.pipeline.id, values, node.id, RAW if port is None else RAW_REJECTS)
    return get_dialect(node.dialect).stage_table(name)


def reads_rejects(spec: SourceBase) -> bool:
    return isinstance(spec, NativeSource | FileSource) and spec.on_bad_record == "reject"


def extract_request(
    plan: Plan, node: GraphNode, spec: SourceBase, values: RunValues, project: Project | None
) -> ExtractRequest:
    """Return what the connector of a source is asked for."""
    manifest = find_manifest(spec.connector)
    options = {name: value for name, value in own_fields(node.spec, SourceBase).items() if name not in _NOT_ASKED}
    if spec.schema_:
        options["schema"] = _read_types(spec, spec.schema_, node.dialect)
    condition = _condition(plan, node, spec, values)
    window = values.windows.get(node.id)
    columns: tuple[str, ...] | None = None
    if manifest is not None and manifest.can(Capability.COLUMN_PROJECTION) and spec.columns is not None:
        columns = _needed(spec, condition)
    predicates: tuple[Predicate, ...] = ()
    if manifest is not None and manifest.can(Capability.PREDICATE_PUSHDOWN) and condition is not None:
        predicates = tuple(_predicates(condition, node.dialect))
    return ExtractRequest(
        node=node.id,
        options=options,
        columns=columns,
        predicates=predicates,
        span=None if window is None else window.span(),
        batch_rows=spec.fetch_size or DEFAULT_BATCH_ROWS,
        on_bad_record=getattr(spec, "on_bad_record", "fail"),
        project=project,
    )


def _read_types(spec: SourceBase, declared: Mapping[str, str], dialect: str) -> dict[str, str]:
    """Return the declared types as a connector reads them; the stage's database casts again.

    Whole numbers, and all types of files, are as DuckDB writes them, which reads the files: so the same records are
    good whatever database they go to, also where its INTEGER holds more.
    """
    types: dict[str, str] = {}
    for name, text in declared.items():
        try:
            found = parse_type(text, get_dialect(dialect))
        except SqlTextError:
            types[name] = text  # Told where the stage's SQL is made.
            continue
        if isinstance(spec, FileSource) or found.this in exp.DataType.INTEGER_TYPES:
            types[name] = found.sql(get_dialect(DEFAULT_DIALECT).sqlglot)
        else:
            types[name] = text
    return types


def load_request(
    plan: Plan, node: GraphNode, spec: TargetBase, values: RunValues, project: Project | None
) -> LoadRequest:
    """Return what the connector of a target is asked for."""
    return LoadRequest(
        node=node.id,
        options=own_fields(node.spec, TargetBase),
        mode="overwrite" if spec.write.mode == "overwrite" else "append",
        marker=run_marker(values.run_id, plan.pipeline.id, node.id, values.workspace, values.environment),
        batch_rows=spec.batch_size or DEFAULT_BATCH_ROWS,
        project=project,
    )


def describe_request(spec: SourceBase | TargetBase, request: ExtractRequest | LoadRequest) -> str:
    """Return the request as a comment of SQL, for those who read a compiled stage."""
    told = [f"{name}={value}" for name, value in request.options.items() if value not in (None, (), {}, "")]
    if isinstance(request, ExtractRequest):
        verb = "reads"
        told += [f"columns={', '.join(request.columns)}"] if request.columns else []
        told += [
            f"{one.column} {one.comparison} {', '.join(map(str, one.values))}".rstrip() for one in request.predicates
        ]
    else:
        verb = f"writes ({request.mode})"
    return "\n".join(f"-- {line}" for line in (f"connector {spec.connector} {verb}", *"\n".join(told).splitlines()))


# ---------------------------------------------------------------- conditions


def _condition(plan: Plan, node: GraphNode, spec: SourceBase, values: RunValues) -> exp.Expr | None:
    """Return the node's condition with its values bound; None when there is none, or it is told to be wrong later."""
    if spec.where is None:
        return None
    try:
        tree = parse_expression(spec.where, get_dialect(node.dialect))
        return bind_values(tree, plan.pipeline, values)
    except (SqlTextError, UnboundError, KeyError):
        return None


def _needed(spec: SourceBase, condition: exp.Expr | None) -> tuple[str, ...] | None:
    """Return the columns a source hands on and those that its condition reads; None when the latter are unknown."""
    if spec.where is not None and condition is None:
        return None
    names = [*(spec.columns or ()), *(spec.schema_ or ())]
    known = {name.casefold() for name in names}
    for column in condition.find_all(exp.Column) if condition is not None else ():
        if column.name.casefold() not in known:
            known.add(column.name.casefold())
            names.append(column.name)
    return tuple(dict.fromkeys(names))


def _predicates(condition: exp.Expr, dialect: str) -> Iterator[Predicate]:
    for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
        found = _predicate(part.unnest())
        if found is not None and _is_safe(found, dialect):
            yield found


def _is_safe(predicate: Predicate, dialect: str) -> bool:
    if not any(isinstance(value, str) for value in predicate.values):
        return True
    return dialect in (_EQUAL_TEXTS if predicate.comparison in ("=", "in") else _ORDERED_TEXTS)


def _predicate(part: exp.Expr) -> Predicate | None:
    """Return the comparison of a column with literals that a condition is; None when it is something else."""
    if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null):
        return _on_column(part.this, "is null", [])
    if isinstance(part, exp.Not) and isinstance(part.this, exp.Is) and isinstance(part.this.expression, exp.Null):
        return _on_column(part.this.this, "is not null", [])
    if isinstance(part, exp.In) and part.expressions:
        return _on_column(part.this, "in", part.expressions)
    for kind, (straight, turned) in _COMPARISONS.items():
        if type(part) is kind and isinstance(part, exp.Binary):
            return _on_column(part.this, straight, [part.expression]) or _on_column(
                part.expression, turned, [part.this]
            )
    return None


def _on_column(column: exp.Expr, comparison: Comparison, literals: list[exp.Expr]) -> Predicate | None:
    values = [_value(one.unnest()) for one in literals]
    if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
        return None
    known = [value for value in values if value is not None]
    return Predicate(column.name, comparison, tuple(known)) if len(known) == len(values) else None


def _value(literal: exp.Expr) -> Value | None:
    if isinstance(literal, exp.Neg):
        inner = _value(literal.this)
        return -inner if isinstance(inner, int | Decimal) and not isinstance(inner, bool) else None
    if isinstance(literal, exp.Boolean):
        return bool(literal.this)
    if isinstance(literal, exp.Literal):
        if literal.is_string:
            return str(literal.this)
        return int(literal.name) if literal.name.isdigit() else _decimal(literal.name)
    if isinstance(literal, exp.Cast) and literal.this.is_string:
        return _moment(literal)
    return None


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text.replace(".", "", 1).isdigit() else None


def _moment(cast: exp.Cast) -> date | datetime | None:
    try:
        if cast.to.this == exp.DataType.Type.DATE:
            return date.fromisoformat(cast.this.name)
        if cast.to.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ):
            return datetime.fromisoformat(cast.this.name)
    except ValueError:
        return None
    return None
