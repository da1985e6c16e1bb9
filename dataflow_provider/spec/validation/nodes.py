"""What the fields of sources and transforms must have of each other, one function a node type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.node_types import of_model
from dataflow_provider.spec.nodes import (
    AggregateTransform,
    AiEnrich,
    DeduplicateTransform,
    ExpressionTransform,
    FileOptions,
    FileSource,
    JoinTransform,
    NodeBase,
    PivotTransform,
    RouterTransform,
    SelectTransform,
    SortTransform,
    SqlSource,
    WindowTransform,
)
from dataflow_provider.spec.validation.subject import Path, Subject
from dataflow_provider.spec.validation.texts import check_distinct, check_order, frame_fault, is_blank, listed_names

_SQL_FIELDS = ("query", "where", "having", "condition")
_PORT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def validate_nodes(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        path: Path = ("nodes", node_id)
        yield from _check_sql_texts(node, path)
        yield from check_distinct(listed_names(node.sensitive, (*path, "sensitive")), "sensitive column")
        check = of_model(_CHECKS, node)
        if check is not None:
            yield from check(node, path)


def _check_sql_texts(node: NodeBase, path: Path) -> Iterator[Problem]:
    fields = vars(node)  # asking a model for a field it has not takes microseconds, and this runs for every node
    for name in _SQL_FIELDS:
        text = fields.get(name)
        if isinstance(text, str) and is_blank(text):
            yield Problem(
                "DF-NODE-001",
                (*path, name),
                f"`{name}` holds no SQL, only spaces or comments.",
                "Write it, or delete the key.",
            )
    for name in ("columns", "aggregates", "routes", "measures"):
        texts = fields.get(name)
        for key, text in texts.items() if isinstance(texts, dict) else ():
            if is_blank(text):
                yield Problem(
                    "DF-NODE-001",
                    (*path, name, key),
                    f"`{key}` holds no SQL, only spaces or comments.",
                    "Write an expression.",
                )


def _check_sql_source(node: SqlSource, path: Path) -> Iterator[Problem]:
    if node.table is None and node.query is None:
        yield Problem("DF-NODE-002", path, "A source needs `table` or `query`.", "Add `table: schema.name`.")
    elif node.table is not None and node.query is not None:
        message = "`table` and `query` stand both; a source reads one of them."
        yield Problem("DF-NODE-002", (*path, "query"), message, "Delete one of them.", on_key=True)
    yield from check_distinct(listed_names(node.columns or (), (*path, "columns")), "column")


def _check_file_source(node: FileSource, path: Path) -> Iterator[Problem]:
    yield from check_options(node.options, (*path, "options"))
    yield from check_cdr(node.format, node.options, path)
    yield from check_distinct(listed_names(node.columns or (), (*path, "columns")), "column")
    yield from check_distinct([(name, (*path, "schema", name)) for name in node.schema_ or ()], "column")


def check_cdr(kind: str, options: FileOptions, path: Path) -> Iterator[Problem]:
    """Yield a problem where it is not told how call detail records stand in a file, or told of another format."""
    given = [name for name in ("records", "asn1") if getattr(options, name) is not None]
    if kind == "cdr" and len(given) != 1:
        stand = "stand both" if given else "are both missing"
        message = f"`format: cdr` needs one of `options.records` and `options.asn1`; they {stand}."
        yield Problem("DF-NODE-016", (*path, "format"), message, "See docs/files.md for an example of each.")
    for name in given if kind != "cdr" else ():
        message = f"`options.{name}` does nothing with `format: {kind}`."
        hint = f"Delete `{name}`, or write `format: cdr`."
        yield Problem("DF-NODE-016", (*path, "options", name), message, hint, on_key=True)
    records = options.records
    if records is not None and records.trailer is not None and records.trailer.count_at == records.type_at:
        message = f"Field {records.type_at} of a line is its record type, and `count_at` names it for the count."
        at = (*path, "options", "records", "trailer", "count_at")
        yield Problem("DF-NODE-016", at, message, "Name the field that tells how many records there are.")


def check_options(options: FileOptions, path: Path) -> Iterator[Problem]:
    """Yield a problem for every separator that is no single character."""
    for name in ("delimiter", "quote", "escape"):
        value = getattr(options, name)
        if value is not None and len(value) != 1 and not (name != "delimiter" and value == ""):
            hint = 'Write a tab as `"\\t"` in double quotes.' if value in ("\\t", "tab", "TAB") else None
            yield Problem("DF-NODE-003", (*path, name), f"`{name}` is `{value}`; it must be one character.", hint)


def _check_select(node: SelectTransform, path: Path) -> Iterator[Problem]:
    if node.columns is None and not node.drop and not node.rename:
        yield Problem("DF-NODE-006", path, "A select needs `columns`, `drop` or `rename`.", "Add `columns: [a, b]`.")
    if node.columns is not None:
        for key, instead in (("drop", "leave the column out of `columns`"), ("rename", "write `{name: old, as: new}`")):
            if getattr(node, key):
                message = f"`columns` and `{key}` stand both; `columns` says everything already."
                yield Problem("DF-NODE-006", (*path, key), message, f"Delete `{key}` and {instead}.", on_key=True)
        if not node.columns:
            yield Problem("DF-NODE-006", (*path, "columns"), "`columns` is empty; a select has at least one column.")
    for old in node.rename:
        if old in node.drop:
            message = f"`{old}` is renamed and dropped."
            yield Problem("DF-NODE-006", (*path, "rename", old), message, "Keep one of the two.", on_key=True)
    outputs = [column if isinstance(column, str) else column.as_ or column.name for column in node.columns or ()]
    yield from check_distinct(listed_names(outputs, (*path, "columns")), "output column")
    yield from check_distinct([(new, (*path, "rename", old)) for old, new in node.rename.items()], "output column")


def _check_expression(node: ExpressionTransform, path: Path) -> Iterator[Problem]:
    yield from check_distinct([(name, (*path, "columns", name)) for name in node.columns], "output column")


def _check_aggregate(node: AggregateTransform, path: Path) -> Iterator[Problem]:
    if not node.group_by and not node.aggregates:
        message = "An aggregate needs `group_by` or `aggregates`."
        yield Problem("DF-NODE-011", path, message, "Add `aggregates: {rows: COUNT(*)}`.")
    outputs = listed_names(node.group_by, (*path, "group_by"))
    outputs += [(name, (*path, "aggregates", name)) for name in node.aggregates]
    yield from check_distinct(outputs, "output column")


def _check_join(node: JoinTransform, path: Path) -> Iterator[Problem]:
    matched = bool(node.keys) or node.condition is not None
    if node.how == "cross" and matched:
        key = "keys" if node.keys else "condition"
        message = f"A cross join pairs every row with every other; `{key}` says otherwise."
        yield Problem("DF-NODE-004", (*path, key), message, f"Delete `{key}`, or write `how: inner`.", on_key=True)
    elif node.how != "cross" and not matched:
        message = f"A join with `how: {node.how}` needs `keys` or `condition`."
        yield Problem("DF-NODE-004", path, message, "Add `keys: [column]`; a product of all rows is `how: cross`.")
    if isinstance(node.keys, tuple):
        yield from check_distinct(listed_names(node.keys, (*path, "keys")), "key")


def _check_deduplicate(node: DeduplicateTransform, path: Path) -> Iterator[Problem]:
    yield from check_distinct(listed_names(node.keys, (*path, "keys")), "key")
    yield from check_order(node.order_by, (*path, "order_by"))


def _check_window(node: WindowTransform, path: Path) -> Iterator[Problem]:
    yield from check_order(node.order_by, (*path, "order_by"))
    yield from check_distinct(listed_names(node.partition_by, (*path, "partition_by")), "column")
    yield from check_distinct([(name, (*path, "columns", name)) for name in node.columns], "output column")
    fault = node.frame and frame_fault(node.frame)
    if fault:
        hint = "An example is `ROWS BETWEEN 6 PRECEDING AND CURRENT ROW`."
        yield Problem("DF-NODE-010", (*path, "frame"), f"The frame `{node.frame}` {fault}.", hint)
    elif node.frame and not node.order_by and "UNBOUNDED FOLLOWING" not in " ".join(node.frame.upper().split()):
        message = "`frame` counts rows in an order, and there is no `order_by`."
        yield Problem("DF-NODE-010", (*path, "frame"), message, "Add `order_by`, or delete `frame`.", on_key=True)


def _check_sort(node: SortTransform, path: Path) -> Iterator[Problem]:
    if not node.order_by and node.limit is None and not node.offset and node.sample is None:
        message = "A sort needs `order_by`, `limit`, `offset` or `sample`."
        yield Problem("DF-NODE-005", path, message, "Add `order_by: [column DESC]`.")
    yield from check_order(node.order_by, (*path, "order_by"))
    sample = node.sample
    if sample is not None and (sample.percent is None) == (sample.rows is None):
        stand = "stand both" if sample.rows is not None else "are both missing"
        message = f"`percent` and `rows` {stand}; a sample has one of them."
        yield Problem(
            "DF-NODE-009", (*path, "sample"), message, "Write `sample: {percent: 10}` or `sample: {rows: 100}`."
        )


def _check_pivot(node: PivotTransform, path: Path) -> Iterator[Problem]:
    if node.kind == "unpivot":
        if node.aggregate is not None:
            message = "`aggregate` is for `kind: pivot`; unpivot keeps every value."
            yield Problem("DF-NODE-008", (*path, "aggregate"), message, "Delete it.", on_key=True)
    elif node.aggregate is None:
        message = "A pivot needs `aggregate`: the function that joins several values of one cell."
        yield Problem("DF-NODE-008", path, message, "Add `aggregate: SUM`.")
    elif not _FUNCTION.fullmatch(node.aggregate):
        message = f"`aggregate` is `{node.aggregate}`; it must be the name of a function alone."
        name = re.match(r"\w+", node.aggregate)
        yield Problem("DF-NODE-008", (*path, "aggregate"), message, f"Write `{name[0] if name else 'SUM'}`.")
    if node.kind == "pivot" and "keep_nulls" in node.model_fields_set:
        message = "`keep_nulls` is for `kind: unpivot`."
        yield Problem("DF-NODE-008", (*path, "keep_nulls"), message, "Delete it.", on_key=True)
    yield from check_distinct(listed_names(node.keys, (*path, "keys")), "key")
    yield from check_distinct(listed_names(map(str, node.values), (*path, "values")), "output column")


def _check_router(node: RouterTransform, path: Path) -> Iterator[Problem]:
    for name in (*node.routes, node.default):
        where = (*path, "routes", name) if name in node.routes else (*path, "default")
        if name in node.routes and name == node.default:
            message = f"The route `{name}` has the name of the port for the rest."
            hint = "Rename the route, or give the rest another name with `default`."
            yield Problem("DF-NODE-014", (*path, "routes", name), message, hint, on_key=True)
            return
        if not _PORT.fullmatch(name):
            message = f"`{name}` cannot name a port; lower case letters, digits and `_` can, a letter first."
            yield Problem(
                "DF-NODE-015", where, message, f"Refer to it as `router.{_port_name(name)}`.", on_key="routes" in where
            )


def _port_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_0123456789") or REJECTED


def _check_enrich(node: AiEnrich, path: Path) -> Iterator[Problem]:
    yield from check_distinct(listed_names(node.inputs, (*path, "inputs")), "input column")
    yield from check_distinct([(name, (*path, "outputs", name)) for name in node.outputs], "output column")


_CHECKS: dict[type[NodeBase], Callable[[Any, Path], Iterator[Problem]]] = {
    SqlSource: _check_sql_source,
    FileSource: _check_file_source,
    SelectTransform: _check_select,
    ExpressionTransform: _check_expression,
    AggregateTransform: _check_aggregate,
    JoinTransform: _check_join,
    DeduplicateTransform: _check_deduplicate,
    WindowTransform: _check_window,
    SortTransform: _check_sort,
    PivotTransform: _check_pivot,
    RouterTransform: _check_router,
    AiEnrich: _check_enrich,
}
