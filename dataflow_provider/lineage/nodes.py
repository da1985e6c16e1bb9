"""What each type of node does to the columns it reads: one function a type, ports by name (None the main output)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.compiled import Schemas
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.files import REJECT_COLUMNS
from dataflow_provider.compiler.lowering.grouping import column_name_of
from dataflow_provider.compiler.lowering.projection import REJECT_REASON
from dataflow_provider.compiler.lowering.tree import order_parts
from dataflow_provider.compiler.sqltext import parse_expression, parse_query
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish import split_table_name
from dataflow_provider.lineage.expressions import influences_of, merge_names, sides_of
from dataflow_provider.lineage.joins import join_rows
from dataflow_provider.lineage.model import (
    NOTHING,
    Influence,
    Influences,
    Origin,
    Rows,
    Subtype,
    merged,
    source_rows,
    through,
)
from dataflow_provider.lineage.queries import rows_of_query, union_by_name, union_by_position
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.node_types import of_model
from dataflow_provider.spec.nodes import (
    AggregateTransform,
    AiEnrich,
    AiSql,
    ColumnRulesQuality,
    DeduplicateTransform,
    ExpressionTransform,
    FileSource,
    FilterTransform,
    JoinTransform,
    NativeSource,
    NodeBase,
    PivotTransform,
    ReferenceQuality,
    RouterTransform,
    RowRuleQuality,
    SelectTransform,
    SortTransform,
    SourceBase,
    SqlSource,
    SqlTransform,
    TargetBase,
    UnionTransform,
    WindowTransform,
)

Ports = Mapping[str | None, Rows]


@dataclass(frozen=True)
class Step:
    """One node and the rows it reads, in the order of its inputs; `known` columns come from reflection."""

    node: GraphNode
    dialect: SqlDialect
    inputs: Sequence[Rows]
    known: Schemas

    @property
    def rows(self) -> Rows:
        return self.inputs[0] if self.inputs else Rows({})

    def influences(self, text: str, sides: Mapping[str, Rows], subtype: Subtype) -> Influences:
        return influences_of(parse_expression(text, self.dialect), sides_of(sides), subtype)

    def value(self, text: str, subtype: Subtype = Subtype.IDENTITY) -> Influences:
        return self.influences(text, {"": self.rows}, subtype)

    def kept_by(self, text: str) -> Rows:
        return self.rows.decided_by(Subtype.FILTER, self.value(text, Subtype.FILTER))


def node_ports(step: Step) -> Ports:
    """Return the rows of each port of the node.

    Raises:
        SqlTextError: when a text of the node cannot be read.
    """
    rule = of_model(RULES, step.node.spec) or _pass_through
    return rule(step, step.node.spec)


# ---------------------------------------------------------------- sources


def table_label(written: str) -> str:
    """Return a table name without its quotes, as datasets are named; a text that is no name stays as it is.

    >>> table_label('mart."Daily Usage"')
    'mart.Daily Usage'
    """
    try:
        return ".".join(split_table_name(written))
    except ValueError:
        return written


def _sql_source(step: Step, spec: SqlSource) -> Ports:
    node = step.node.id
    known = step.known.get(node) or spec.schema_ or None
    if spec.table is not None:
        rows = source_rows(node, table_label(spec.table), known)
    else:
        query = parse_query(spec.query or "", step.dialect)
        rows = rows_of_query(query, lambda table: source_rows(node, _label_of(table, step.dialect), None))
        if known is not None and rows.rest:
            rows = rows.named_only(known)
    return {None: _read(step, spec, rows)}


def _label_of(table: exp.Table, dialect: SqlDialect) -> str:
    """Return the name of a table in a query; a part whose letters the engine would fold is told as it keeps them."""
    return ".".join(part.name if part.args.get("quoted") else dialect.publish.fold(part.name) for part in table.parts)


def _file_source(step: Step, spec: FileSource | NativeSource) -> Ports:
    node, dataset = step.node.id, spec.path if isinstance(spec, FileSource) else spec.place
    rows = source_rows(node, dataset, step.known.get(node) or spec.schema_ or None)
    # A bad record is told as a whole: which of its columns are in the text nobody knows.
    whole = frozenset({Influence(Origin(node, dataset, None), Subtype.TRANSFORMATION)})
    return {None: _read(step, spec, rows), REJECTED: Rows(dict.fromkeys(REJECT_COLUMNS, whole))}


def _read(step: Step, spec: SourceBase, rows: Rows) -> Rows:
    if spec.where is not None:
        rows = rows.decided_by(Subtype.FILTER, step.influences(spec.where, {"": rows}, Subtype.FILTER))
    return rows if spec.columns is None else _named(rows, spec.columns)


def _named(rows: Rows, names: Iterable[str]) -> Rows:
    """Return the rows with these columns only, under their real names."""
    return rows.named_only(rows.find(name) or name for name in names)


# ---------------------------------------------------------------- columns


def _select(step: Step, spec: SelectTransform) -> Ports:
    rows = step.rows
    if spec.columns is None:
        return {None: _all_but(spec, rows)}
    columns: dict[str, Influences] = {}
    rejects: list[str] = []
    for one in spec.columns:
        name, output = (one, one) if isinstance(one, str) else (one.name, one.as_ or one.name)
        cast = None if isinstance(one, str) else one.cast
        made = rows.column(name) or NOTHING
        columns[output] = through(Subtype.TRANSFORMATION, made) if cast else made
        if cast and not isinstance(one, str) and one.on_error == "reject":
            rejects.append(name)
    failing = merge_names(rejects, rows)
    reason = {REJECT_REASON: through(Subtype.CONDITIONAL, failing)}
    main = _all_but(spec, rows.with_columns(columns)).decided_by(Subtype.FILTER, failing)
    rejected = Rows({**rows.columns, **reason}, rows.rest, rows.latent, rows.decided)
    return {None: main, REJECTED: rejected.decided_by(Subtype.FILTER, failing)}


def _all_but(spec: SelectTransform, rows: Rows) -> Rows:
    """Return the rows with columns dropped and renamed in their place; unknown ones are found by their old name."""
    names = {old.casefold(): new for old, new in spec.rename.items()}
    renamed = {names.get(name.casefold(), name): made for name, made in rows.hiding(spec.drop).columns.items()}
    unlisted = {new: rows.column(old) or NOTHING for old, new in spec.rename.items() if rows.find(old) is None}
    kept = rows.hiding([*spec.drop, *spec.rename])
    return Rows({**renamed, **unlisted}, kept.rest, kept.latent, rows.decided)


def with_new(rows: Rows, new: Mapping[str, Influences]) -> Rows:
    """Return the rows with columns added or, under the same name, replaced in their place."""
    real = {rows.find(name) or name: name for name in new}
    columns = {real.get(name, name): new[real[name]] if name in real else made for name, made in rows.columns.items()}
    rest = rows.hiding(new)
    return Rows({**columns, **new}, rest.rest, rest.latent, rows.decided)


def _expression(step: Step, spec: ExpressionTransform) -> Ports:
    return {None: with_new(step.rows, {name: step.value(text) for name, text in spec.columns.items()})}


def _window(step: Step, spec: WindowTransform) -> Ports:
    rows = step.rows
    around = through(
        Subtype.WINDOW, merge_names([*spec.partition_by, *(order_parts(term)[0] for term in spec.order_by)], rows)
    )
    new = {name: step.value(text, Subtype.TRANSFORMATION) | around for name, text in spec.columns.items()}
    return {None: with_new(rows, new)}


# ---------------------------------------------------------------- rows


def _filter(step: Step, spec: FilterTransform | RowRuleQuality) -> Ports:
    rows = step.kept_by(spec.where)
    if isinstance(spec, RowRuleQuality) and spec.severity != "quarantine":
        return {None: step.rows}
    return {None: rows, REJECTED: rows}


def _router(step: Step, spec: RouterTransform) -> Ports:
    by_route = {name: step.value(text, Subtype.FILTER) for name, text in spec.routes.items()}
    ports: dict[str | None, Rows] = {}
    before: Influences = NOTHING
    for name, made in by_route.items():
        before |= made
        ports[name] = step.rows.decided_by(Subtype.FILTER, before if spec.exclusive else made)
    ports[spec.default] = step.rows.decided_by(Subtype.FILTER, before)
    return ports


def _deduplicate(step: Step, spec: DeduplicateTransform) -> Ports:
    return {None: one_a_key(step.rows, spec.keys, spec.order_by)}


def one_a_key(rows: Rows, keys: Sequence[str], order_by: Sequence[str]) -> Rows:
    """Return the rows after all but one of each key are gone."""
    kept = rows.decided_by(Subtype.GROUP_BY, merge_names(keys, rows))
    return kept.decided_by(Subtype.SORT, merge_names((order_parts(term)[0] for term in order_by), rows))


def _sort(step: Step, spec: SortTransform) -> Ports:
    terms = (order_parts(term)[0] for term in spec.order_by)
    return {None: step.rows.decided_by(Subtype.SORT, merge_names(terms, step.rows))}


def _union(step: Step, spec: UnionTransform) -> Ports:
    rows = union_by_position(step.inputs) if spec.match == "position" else union_by_name(step.inputs)
    return {None: rows.decided_by(Subtype.GROUP_BY, rows.everything()) if spec.mode == "distinct" else rows}


def _join(step: Step, spec: JoinTransform) -> Ports:
    roles = {given.role: rows for given, rows in zip(step.node.inputs, step.inputs, strict=True)}
    left, right = roles["left"], roles["right"]
    met = NOTHING
    if spec.condition is not None:
        met = step.influences(spec.condition, {"l": left, "r": right}, Subtype.JOIN)
    return {None: join_rows(spec, left, right, met)}


# ---------------------------------------------------------------- groups


def _aggregate(step: Step, spec: AggregateTransform) -> Ports:
    rows = step.rows
    keys = {rows.find(name) or name: rows.column(name) or NOTHING for name in spec.group_by}
    made = {name: step.value(text, Subtype.TRANSFORMATION) for name, text in spec.aggregates.items()}
    grouped = rows.with_columns({**keys, **made}).decided_by(Subtype.GROUP_BY, merged(keys.values()))
    if spec.having is not None:
        both = with_new(rows, made)
        grouped = grouped.decided_by(Subtype.FILTER, step.influences(spec.having, {"": both}, Subtype.FILTER))
    return {None: grouped}


def _pivot(step: Step, spec: PivotTransform) -> Ports:
    rows = step.rows
    keys = {rows.find(name) or name: rows.column(name) or NOTHING for name in spec.keys}
    names = [column_name_of(one) for one in spec.values]
    if spec.kind == "pivot":
        value = through(Subtype.AGGREGATION, rows.column(spec.value) or NOTHING)
        value |= through(Subtype.CONDITIONAL, rows.column(spec.column) or NOTHING)
        pivoted = rows.with_columns({**keys, **dict.fromkeys(names, value)})
        return {None: pivoted.decided_by(Subtype.GROUP_BY, merged(keys.values()))}
    taken = merge_names(names, rows)
    long = rows.with_columns({**keys, spec.column: NOTHING, spec.value: taken})
    return {None: long if spec.keep_nulls else long.decided_by(Subtype.FILTER, taken)}


# ---------------------------------------------------------------- queries, quality, AI, targets


def _query(step: Step, spec: SqlTransform | AiSql) -> Ports:
    if spec.query is None:
        return _pass_through(step, spec)
    inputs = {given.name.casefold(): rows for given, rows in zip(step.node.inputs, step.inputs, strict=True)}
    return {None: rows_of_query(parse_query(spec.query, step.dialect), lambda table: inputs.get(table.name.casefold()))}


def _column_rules(step: Step, spec: ColumnRulesQuality) -> Ports:
    return _quarantine(step, spec.severity, [rule.column for rule in spec.rules])


def _reference(step: Step, spec: ReferenceQuality) -> Ports:
    there = source_rows(step.node.id, table_label(spec.reference.table), spec.reference.columns)
    return _quarantine(step, spec.severity, spec.columns, there.everything())


def _quarantine(step: Step, severity: str, columns: Sequence[str], more: Influences = NOTHING) -> Ports:
    """Only quarantine changes which rows go on; `warn` and `block` let all of them through or none."""
    if severity != "quarantine":
        return {None: step.rows}
    rows = step.rows.decided_by(Subtype.FILTER, merge_names(columns, step.rows) | more)
    return {None: rows, REJECTED: rows}


def _enrich(step: Step, spec: AiEnrich) -> Ports:
    asked = through(Subtype.TRANSFORMATION, merge_names(spec.inputs, step.rows))
    rows = with_new(step.rows, dict.fromkeys(spec.outputs, asked))
    return {None: rows, REJECTED: step.rows}


def _target(step: Step, spec: TargetBase) -> Ports:
    rows, write = step.rows, spec.write
    if write.dedupe is not None:
        rows = one_a_key(rows, write.keys, write.dedupe.order_by)
    if write.delete_when is not None:
        rows = rows.decided_by(Subtype.FILTER, step.value(write.delete_when, Subtype.FILTER))
    return {None: rows}


def _pass_through(step: Step, spec: NodeBase) -> Ports:
    return {None: step.rows, REJECTED: step.rows}


# The second argument is the spec of the class that the function stands for.
RULES: Mapping[type[NodeBase], Callable[[Step, Any], Ports]] = {
    SqlSource: _sql_source,
    FileSource: _file_source,
    NativeSource: _file_source,
    SqlTransform: _query,
    FilterTransform: _filter,
    SelectTransform: _select,
    ExpressionTransform: _expression,
    AggregateTransform: _aggregate,
    JoinTransform: _join,
    UnionTransform: _union,
    DeduplicateTransform: _deduplicate,
    WindowTransform: _window,
    SortTransform: _sort,
    PivotTransform: _pivot,
    RouterTransform: _router,
    RowRuleQuality: _filter,
    ColumnRulesQuality: _column_rules,
    ReferenceQuality: _reference,
    AiSql: _query,
    AiEnrich: _enrich,
    TargetBase: _target,
}
"""Types that are not here pass their input through."""
