"""A pipeline's SQL as the text of one script, with the file itself at the end as a comment.

The head tells people what the SQL does not say. The file at the end brings every byte of it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
import yaml

from dataflow_provider.compiler.script.view import Statement, View, show_name, spell_rows
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.nodes import NodeBase, SqlTarget, TargetBase

MARK = "node:"
SECTION = "-- connection "
FILE_HEAD = "-- The pipeline file; what is not SQL comes from here. Where both speak, the SQL above counts."
FILE_LINE = "--|"

# What the SQL of a node says; every other field is told in the head.
_IN_SQL = frozenset(
    {
        "type", "from", "table", "query", "where", "columns", "drop", "rename", "group_by", "aggregates", "having",
        "how", "keys", "condition", "null_safe", "right_prefix", "mode", "match", "order_by", "keep", "partition_by",
        "frame", "limit", "offset", "sample", "kind", "column", "value", "values", "aggregate", "keep_nulls", "routes",
        "default", "exclusive", "path", "topic", "format", "connection",
    }
)  # fmt: skip
_NOT_TOLD = frozenset({"apiVersion", "kind", "id", "name", "nodes"})
_WITH_FIRST = frozenset({"sqlserver", "sybase"})


def write_script(view: View, text: str) -> str:
    """Return the script of a pipeline whose formatted file is `text`."""
    lines = [*_head(view, text), ""]
    for connection, dialect in view.connections.items():
        lines += [f"{SECTION}{connection} ({dialect.name})", ""]
        for statement in view.statements:
            if statement.connection == connection:
                lines += [*_statement(statement, view, dialect), ""]
    carried = text.removesuffix("\n").split("\n")
    lines += [FILE_HEAD, *(f"{FILE_LINE} {line}" if line else FILE_LINE for line in carried)]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- head


def _head(view: View, text: str) -> Iterator[str]:
    pipeline = view.lowered.pipeline
    title = pipeline.id if not pipeline.name else f"{pipeline.id}: {' '.join(pipeline.name.split())}"
    yield f"-- Pipeline {title}"
    yield "-- Each WITH query is the node that its mark names; each statement gives the rows of one target."
    yield f"-- After an edit: dataflow convert {pipeline.id}.sql --to yaml -o {pipeline.id}.yaml"
    untold = [*_untold(view, read_document(text).data)]
    if untold:
        yield "--"
        yield "-- SQL does not say:"
        yield from (f"--   {line}" for line in untold)


def _untold(view: View, data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if key not in _NOT_TOLD:
            yield f"{key}: {_flow(value)}"
    if len(view.connections) > 1:
        yield "rows go from one connection to the other where a statement says that it hands them over"
    for node, fields in data["nodes"].items():
        if node not in view.graph.nodes:
            off = fields.get("enabled") is False
            yield f"{node}: {'not enabled' if off else 'left out, since what it reads is not enabled'}"
            continue
        told = fields["type"].startswith(("quality.", "ai."))
        hidden = {key: one for key, one in fields.items() if key not in _IN_SQL or (told and key not in ("from",))}
        if hidden:
            yield f"{node}: " + ", ".join(f"{key} {_flow(value)}" for key, value in hidden.items())


def _flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, str):
        return " ".join(value.split())
    text = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True, sort_keys=False)
    return " ".join(text.removesuffix("...\n").split())


# ---------------------------------------------------------------- statements


def _statement(statement: Statement, view: View, dialect: SqlDialect) -> Iterator[str]:
    if statement.rows is not None:
        yield f"-- {MARK}{spell_rows(statement.rows)} {_purpose(statement, view)}"
    for name in statement.given:
        node = view.lowered.names[name][0]
        yield f"-- {name} is handed over from {view.graph.nodes[node].connection}"
    insert = [] if statement.table is None else [f"INSERT INTO {statement.table}"]
    if dialect.name not in _WITH_FIRST:
        yield from insert
    for at, cte in enumerate(statement.ctes):
        mark = f"/* {MARK}{spell_rows(cte.rows)}{': ' if cte.note else ''}{cte.note} */" if cte.rows else ""
        name = show_name(cte.name, dialect)
        yield f"{'WITH ' if at == 0 else ''}{name} {mark} AS ("
        yield _indented(cte.body, dialect)
        yield ")" if at == len(statement.ctes) - 1 else "),"
    if dialect.name in _WITH_FIRST:
        yield from insert
    yield f"{statement.query};"


def _purpose(statement: Statement, view: View) -> str:
    node, _ = statement.rows or ("", None)
    spec: NodeBase = view.lowered.pipeline.nodes[node]
    if isinstance(spec, TargetBase):
        keys = f" by {', '.join(spec.write.keys)}" if spec.write.keys else ""
        place = "" if isinstance(spec, SqlTarget) else f"{_place(spec)}, "
        return f"is written: {place}{spec.write.mode}{keys}"
    if not view.graph.consumers[node]:
        return "is read by no target"
    readers = (view.graph.nodes[one].connection for one in view.graph.consumers[node])
    others = dict.fromkeys(one for one in readers if one != statement.connection)
    return f"is handed over to {', '.join(others)}"


def _place(spec: TargetBase) -> str:
    return " ".join(str(getattr(spec, "path", None) or getattr(spec, "topic", "")).split())


def _indented(body: str, dialect: SqlDialect) -> str:
    """Indent a query, unless a text or name in it goes over lines, which must stay as it is."""
    tokens = sqlglot.tokenize(body, dialect=dialect.sqlglot)
    if any("\n" in body[token.start : token.end + 1] for token in tokens):
        return body
    return "\n".join(f"  {line}".rstrip() for line in body.split("\n"))
