"""Files as rows and rows as files, by the functions of an engine that reads and writes files itself (DuckDB).

A file is read once, into a temporary table of the session, so that it can be counted and its bad records be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp, parse_one

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.sources import read
from dataflow_provider.compiler.lowering.tree import alias, column, identifier, select, star
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.file_options import (
    Option,
    columns_in_file,
    common_header,
    copy_options,
    csv_options,
    first_line_options,
    read_compression,
    time_formats,
    undeclared_in_file,
    wanted_columns,
)
from dataflow_provider.connectors.json_decimals import exact_value, is_exact, read_types
from dataflow_provider.dialects.render import render
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import FileSource, FileTarget

REJECT_COLUMNS: Columns = {
    "file": "VARCHAR", "line": "BIGINT", "byte_offset": "BIGINT", "raw": "VARCHAR", "reason": "VARCHAR",
}  # fmt: skip
"""What the port `rejected` of a CSV source gives: one row a bad record; lines count from 1, bytes from 0."""

_RAW, _REJECTS, _SCANS = "raw", "rejects", "scans"


@dataclass(frozen=True)
class _Names:
    """Temporary tables of one read."""

    rows: str
    rejects: str
    scans: str


def lower_file_source(scope: Lowering, node: GraphNode, spec: FileSource, ports: Sequence[Port]) -> None:
    values = scope.values or RunValues("")
    names = _Names(*(stage_table_name(scope.pipeline.id, values, node.id, part) for part in (_RAW, _REJECTS, _SCANS)))
    rows, columns = _rows_of(scope, node, spec, names)
    keeps_rejects = spec.format == "csv" and spec.on_bad_record != "fail"
    if keeps_rejects:
        for old in (names.rejects, names.scans):
            _add_read(scope, node, old, scope.dialect.drop_table(scope.dialect.publish.quote(old)))
    name = scope.dialect.publish.quote(names.rows)
    for sql in scope.dialect.create_temporary(name, render(rows, scope.dialect)):
        _add_read(scope, node, names.rows, sql)
    raw = Relation((names.rows,), columns, cheap=True)
    scope.relations[(node.id, _RAW)] = raw
    body, kept = read(scope, node, spec, raw.table(), columns)
    scope.define(node.id, None, body, kept, cheap=spec.where is None)
    if keeps_rejects:
        scope.define(node.id, REJECTED, _rejected(names), REJECT_COLUMNS, cheap=True, fixed=True)


def lower_file_inline(scope: Lowering, node: GraphNode, spec: FileSource) -> None:
    """The main output is read inside the query that asks for it, so that a LIMIT stops the reading.

    Bad records are left out where they would go to `rejected`.
    """
    rows, columns = _rows_of(scope, node, spec, None)
    origin = exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier("f")))
    body, kept = read(scope, node, spec, origin, columns)
    scope.define(node.id, None, body, kept, cheap=spec.where is None)


def read_files(scope: Lowering, node: GraphNode, spec: FileSource) -> tuple[exp.Expr, Columns | None]:
    """Return what reads the files inside a query, and its columns; bad records are not asked about."""
    whole = spec.model_copy(update={"on_bad_record": "fail"})
    rows, columns = _rows_of(scope, node, whole, _Names(_RAW, _REJECTS, _SCANS))
    if len(rows.expressions) == 1 and isinstance(rows.expressions[0], exp.Star):
        return rows.args["from_"].this, columns
    return exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier("f"))), columns


def _add_read(scope: Lowering, node: GraphNode, table: str, sql: str) -> None:
    scope.reads.append(Step("read", sql, node=node.id, table=table))


# ---------------------------------------------------------------- reading


def _rows_of(
    scope: Lowering, node: GraphNode, spec: FileSource, names: _Names | None
) -> tuple[exp.Select, Columns | None]:
    """Return the query that reads the files, and the columns it gives; without `names` bad records are forgotten."""
    paths = scope.paths.reads.get(node.id) or (spec.path,)
    types = spec.schema_ or {}
    parsed = {name: scope.type(node.id, ("schema", name), kind) for name, kind in types.items()}
    if spec.format == "csv":
        return _csv_rows(scope, node, spec, names, paths, types)
    if spec.format == "json":
        options = _literals({**time_formats(spec.options), **read_compression(spec.options)})
        if types:
            origin = _function("read_json", paths, {**options, "columns": _struct(read_types(types))})
            return select(_exact_items(types), origin), types
        rows = select([star()], _function("read_json", paths, {**options, "sample_size": exp.Literal.number(-1)}))
    else:
        origin = _function("read_parquet", paths, {})
        casts = [alias(exp.Cast(this=column(name), to=kind), name) for name, kind in parsed.items()]
        rows = select(casts or [star()], origin)
    return rows, _described(scope, node, spec, rows, types or scope.schemas.get(node.id))


def _exact_items(types: Mapping[str, str]) -> list[exp.Expr]:
    """Return the columns of a JSON file, some of which are read as JSON so that no digit is lost."""
    if not any(map(is_exact, types.values())):
        return [star()]
    tells_file = "filename" not in map(str.casefold, types)
    return [
        alias(parse_one(exact_value(name, kind, tells_file=tells_file), dialect="duckdb"), name)
        if is_exact(kind)
        else column(name)
        for name, kind in types.items()
    ]


def _described(
    scope: Lowering, node: GraphNode, spec: FileSource, rows: exp.Select, offline: Columns | None
) -> Columns | None:
    probe = scope.probe_of(node.id)
    if probe is None:
        return offline
    try:
        return probe.columns_of_query(render(rows, scope.dialect))
    except DataflowError as exc:
        message = f"the files of `{spec.path}` cannot be read: {exc.message}"
        scope.problem(node.id, ("path",), "DF-SQL-022", message, exc.hint)
        return offline


def _csv_rows(
    scope: Lowering,
    node: GraphNode,
    spec: FileSource,
    names: _Names | None,
    paths: Sequence[str],
    types: Mapping[str, str],
) -> tuple[exp.Select, Columns | None]:
    """Every column of the file is named, so that nothing is guessed from the rows; undeclared columns are text."""
    options = _literals(csv_options(spec.options))
    if spec.on_bad_record != "fail" and names is None:
        options["ignore_errors"] = exp.true()
    elif spec.on_bad_record != "fail" and names is not None:
        options |= {
            "store_rejects": exp.true(),
            "rejects_table": exp.Literal.string(names.rejects),
            "rejects_scan": exp.Literal.string(names.scans),
        }
    seen = scope.schemas.get(node.id)
    if scope.probe_of(node.id) is not None:
        header = _header(scope, node, spec, paths)
    else:
        header = None if seen is None else list(seen)
    # Without a header nobody has looked at the file: print what runs on a file that is as declared.
    found = columns_in_file(spec, header)
    if not found:
        rows = select([star()], _function("read_csv", paths, {**options, "all_varchar": exp.true()}))
        return rows, None
    if header is not None and (spec.options.header is not False or not types):
        _check_declared(scope, node, header, types)
    origin = _function("read_csv", paths, {**options, "auto_detect": exp.false(), "columns": _struct(found)})
    wanted = wanted_columns(spec, found)
    items: list[exp.Expr] = [star()] if list(wanted) == list(found) else [column(name) for name in wanted]
    return select(items, origin), wanted


def _check_declared(scope: Lowering, node: GraphNode, header: Sequence[str], types: Mapping[str, str]) -> None:
    for name in types:
        error = undeclared_in_file(name, header)
        if error is not None:
            scope.problem(node.id, ("schema", name), error.code, error.message, error.hint)


def _header(scope: Lowering, node: GraphNode, spec: FileSource, paths: Sequence[str]) -> list[str] | None:
    """Return the column names by the first line of the files; None when they are unknown, which is told."""
    try:
        return common_header(((path, _first_line(scope, node, spec, path)) for path in paths), spec)
    except DataflowError as exc:
        scope.problem(node.id, ("path",), exc.code, exc.message, exc.hint)
        return None


def _first_line(scope: Lowering, node: GraphNode, spec: FileSource, path: str) -> str | None:
    """Return the first line of a file; None when it is empty.

    Raises:
        AuthorError: `DF-SQL-022` when it cannot be read.
    """
    probe = scope.probe_of(node.id)
    if probe is None:
        return None
    options = {**_literals(first_line_options(spec.options)), "columns": _struct({"line": "VARCHAR"})}
    query = select([star()], _function("read_csv", (path,), options)).limit(1, copy=False)
    try:
        _, rows = probe.fetch_rows(render(query, scope.dialect), 1)
    except DataflowError as exc:
        message = exc.message if path in exc.message else f"`{path}` cannot be read: {exc.message}"
        raise AuthorError("DF-SQL-022", message, hint=exc.hint) from exc
    return str(rows[0][0] or "") if rows else None


def _literals(options: Mapping[str, Option]) -> dict[str, exp.Expr]:
    return {
        name: exp.Boolean(this=value)
        if isinstance(value, bool)
        else exp.Literal.number(value)
        if isinstance(value, int)
        else exp.Literal.string(value)
        for name, value in options.items()
    }


def _function(name: str, paths: Sequence[str], options: Mapping[str, exp.Expr]) -> exp.Table:
    files = exp.Array(expressions=[exp.Literal.string(path) for path in paths])
    given = [exp.EQ(this=exp.Var(this=key), expression=value) for key, value in options.items()]
    return exp.Table(this=exp.Anonymous(this=name, expressions=[files, *given]))


def _struct(types: Mapping[str, str]) -> exp.Struct:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.Literal.string(name), expression=exp.Literal.string(kind))
            for name, kind in types.items()
        ]
    )


def _rejected(names: _Names) -> exp.Select:
    """Return one row a bad line, with all its errors, from what the CSV reader has kept."""
    rejects, scans = Relation((names.rejects,), None), Relation((names.scans,), None)
    reasons = exp.Anonymous(
        this="string_agg",
        expressions=[
            exp.Distinct(expressions=[column("error_message", "e")]),
            exp.Literal.string("; "),
        ],
    )
    # DuckDB counts bytes from 1.
    first_byte = exp.Sub(this=exp.Min(this=column("line_byte_position", "e")), expression=exp.Literal.number(1))
    return (
        select(
            [
                alias(column("file_path", "s"), "file"),
                alias(exp.cast(column("line", "e"), "BIGINT"), "line"),
                alias(exp.cast(first_byte, "BIGINT"), "byte_offset"),
                alias(exp.Anonymous(this="any_value", expressions=[column("csv_line", "e")]), "raw"),
                alias(reasons, "reason"),
            ],
            rejects.table("e"),
        )
        .join(
            scans.table("s"),
            on=exp.and_(
                exp.EQ(this=column("scan_id", "s"), expression=column("scan_id", "e")),
                exp.EQ(this=column("file_id", "s"), expression=column("file_id", "e")),
            ),
            copy=False,
        )
        .group_by(column("file_path", "s"), column("line", "e"), copy=False)
    )


# ---------------------------------------------------------------- writing


def copy_statement(scope: Lowering, target: FileTarget, table: str, path: str) -> str:
    """Return the statement that writes the rows of a table to a file; compression follows the target's own name."""
    text = scope.dialect.publish.text
    listed_options = ", ".join(f"{name} {_word(name, value, text)}" for name, value in copy_options(target).items())
    return f"COPY (\n  SELECT\n    *\n  FROM {table}\n) TO {text(path)} ({listed_options})"


def _word(name: str, value: Option, text: Callable[[str], str]) -> str:
    """Return an option of COPY as SQL: words stay bare, texts are quoted."""
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if name in ("FORMAT", "COMPRESSION") else text(str(value))
