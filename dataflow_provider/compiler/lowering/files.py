"""Files as rows and rows as files, by the functions of an engine that reads and writes files itself (DuckDB).

A file is read once, into a temporary table of the session, so that it can be counted and its bad records be kept.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.sources import read
from dataflow_provider.compiler.lowering.tree import alias, column, identifier, select, star
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.render import render
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import FileOptions, FileSource, FileTarget
from dataflow_provider.spec.suggestions import did_you_mean, listed

REJECT_COLUMNS: Columns = {
    "file": "VARCHAR", "line": "BIGINT", "byte_offset": "BIGINT", "raw": "VARCHAR", "reason": "VARCHAR",
}  # fmt: skip
"""What the port `rejected` of a CSV source gives: one row a bad record; lines count from 1, bytes from 0."""

# Never in a text file: with it a whole line is one field.
_NO_DELIMITER = "\x01"
_NO_NULL = "\x02"
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
        options = {**_formats(spec.options), **_compression(spec.options)}
        if types:
            return select([star()], _function("read_json", paths, {**options, "columns": _struct(types)})), types
        rows = select([star()], _function("read_json", paths, {**options, "sample_size": exp.Literal.number(-1)}))
    else:
        origin = _function("read_parquet", paths, {})
        casts = [alias(exp.Cast(this=column(name), to=kind), name) for name, kind in parsed.items()]
        rows = select(casts or [star()], origin)
    return rows, _described(scope, node, rows, types or scope.schemas.get(node.id))


def _described(scope: Lowering, node: GraphNode, rows: exp.Select, offline: Columns | None) -> Columns | None:
    probe = scope.probe_of(node.id)
    if probe is None:
        return offline
    try:
        return probe.columns_of_query(render(rows, scope.dialect))
    except DataflowError as exc:
        scope.problem(node.id, ("path",), "DF-SQL-022", f"the files cannot be read: {exc.message}", exc.hint)
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
    options = _csv_options(spec.options)
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
    if header is None:
        # Nobody has looked at the file: print what runs on a file that is as declared.
        found = dict(types) or None
    elif spec.options.header is False and types:
        found = dict(types)
    else:
        found = {name: _type_in(types, name) for name in header}
        _check_declared(scope, node, header, types)
    if found is None:
        rows = select([star()], _function("read_csv", paths, {**options, "all_varchar": exp.true()}))
        return rows, None
    origin = _function("read_csv", paths, {**options, "auto_detect": exp.false(), "columns": _struct(found)})
    wanted = {find_column(name, found) or name: kind for name, kind in types.items()} or found
    items: list[exp.Expr] = [star()] if list(wanted) == list(found) else [column(name) for name in wanted]
    return select(items, origin), wanted


def _type_in(types: Mapping[str, str], name: str) -> str:
    declared = find_column(name, types)
    return types[declared] if declared is not None else "VARCHAR"


def _check_declared(scope: Lowering, node: GraphNode, header: Sequence[str], types: Mapping[str, str]) -> None:
    known = dict.fromkeys(header, "")
    for name in types:
        if find_column(name, known) is None:
            scope.problem(
                node.id,
                ("schema", name),
                "DF-SQL-023",
                f"the file has no column `{name}`; its header names {listed(header)}",
                did_you_mean(name, header),
            )


def _header(scope: Lowering, node: GraphNode, spec: FileSource, paths: Sequence[str]) -> list[str] | None:
    """Return the column names by the first line of the files, which must agree; empty files have no say."""
    first: tuple[str, list[str]] | None = None
    for path in paths:
        names = _header_of(scope, node, spec, path)
        if names is None:
            continue
        if first is None:
            first = (path, names)
        elif names != first[1]:
            scope.problem(
                node.id,
                ("path",),
                "DF-SQL-024",
                f"the files differ in their columns: `{first[0]}` has {listed(first[1])}, `{path}` has {listed(names)}",
                "Read them by separate nodes and put them together in a `transform.union`.",
            )
            return None
    if first is None and not spec.schema_:
        scope.problem(
            node.id,
            ("path",),
            "DF-SQL-025",
            f"`{spec.path}` is empty, without even a header, so its columns are unknown",
            "Declare them under `schema`.",
        )
    return first[1] if first else None


def _header_of(scope: Lowering, node: GraphNode, spec: FileSource, path: str) -> list[str] | None:
    options = {
        **_csv_options(spec.options),
        "auto_detect": exp.false(),
        "header": exp.false(),
        "delim": exp.Literal.string(_NO_DELIMITER),
        "quote": exp.Literal.string(""),
        "escape": exp.Literal.string(""),
        "nullstr": exp.Literal.string(_NO_NULL),
        "columns": _struct({"line": "VARCHAR"}),
    }
    probe = scope.probe_of(node.id)
    if probe is None:
        return None
    try:
        _, rows = probe.fetch_rows(
            render(select([star()], _function("read_csv", (path,), options)).limit(1, copy=False), scope.dialect), 1
        )
    except DataflowError as exc:
        scope.problem(node.id, ("path",), "DF-SQL-022", f"`{path}` cannot be read: {exc.message}", exc.hint)
        return None
    if not rows:
        return None
    fields = split_header(str(rows[0][0] or ""), spec.options)
    if spec.options.header is False:
        return [f"column{number}" for number in range(len(fields))]
    names = [name or f"column{number}" for number, name in enumerate(fields)]
    repeated = sorted({name for name in names if sum(name.casefold() == one.casefold() for one in names) > 1})
    if repeated:
        scope.problem(
            node.id,
            ("path",),
            "DF-SQL-026",
            f"`{path}` names the column {listed(repeated)} more than once",
            "Correct the header, or read without it: `options: {header: false, skip_rows: 1}` and a `schema`.",
        )
    return names


def split_header(line: str, options: FileOptions) -> list[str]:
    """Return the fields of the first line of a CSV file, a byte order mark left out."""
    quote = '"' if options.quote is None else options.quote
    reader = csv.reader(
        [line.removeprefix("\ufeff")],
        delimiter=options.delimiter or ",",
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    return next(reader, [])


def _csv_options(options: FileOptions) -> dict[str, exp.Expr]:
    quote = '"' if options.quote is None else options.quote
    return {
        "delim": exp.Literal.string("," if options.delimiter is None else options.delimiter),
        "quote": exp.Literal.string(quote),
        "escape": exp.Literal.string(quote if options.escape is None else options.escape),
        "header": exp.Boolean(this=options.header is not False),
        "nullstr": exp.Literal.string(options.null or ""),
        "skip": exp.Literal.number(options.skip_rows or 0),
        **({"encoding": exp.Literal.string(options.encoding)} if options.encoding else {}),
        **_compression(options),
        **_formats(options),
    }


def _formats(options: FileOptions) -> dict[str, exp.Expr]:
    given = {"dateformat": options.date_format, "timestampformat": options.timestamp_format}
    return {name: exp.Literal.string(value) for name, value in given.items() if value}


def _compression(options: FileOptions) -> dict[str, exp.Expr]:
    given = options.compression
    return {"compression": exp.Literal.string(given)} if given and given != "auto" else {}


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

_ENDINGS = {".gz": "gzip", ".zst": "zstd"}


def copy_statement(scope: Lowering, target: FileTarget, table: str, path: str) -> str:
    """Return the statement that writes the rows of a table to a file; compression follows the target's own name."""
    text = scope.dialect.publish.text
    options = target.options
    given = {"FORMAT": target.format.upper()}
    if target.format == "csv":
        quote = '"' if options.quote is None else options.quote
        given |= {
            "HEADER": str(options.header is not False).upper(),
            "DELIMITER": text("," if options.delimiter is None else options.delimiter),
            "QUOTE": text(quote),
            "ESCAPE": text(quote if options.escape is None else options.escape),
            "NULLSTR": text(options.null or ""),
        }
    if target.format != "parquet":
        formats = {"DATEFORMAT": options.date_format, "TIMESTAMPFORMAT": options.timestamp_format}
        given |= {name: text(value) for name, value in formats.items() if value}
    compression = _written_compression(target)
    if compression:
        given["COMPRESSION"] = compression.upper()
    listed_options = ", ".join(f"{name} {value}" for name, value in given.items())
    return f"COPY (\n  SELECT\n    *\n  FROM {table}\n) TO {text(path)} ({listed_options})"


def _written_compression(target: FileTarget) -> str | None:
    given = target.options.compression
    if given in (None, "auto"):
        return next((name for ending, name in _ENDINGS.items() if target.path.endswith(ending)), None)
    return "uncompressed" if given == "none" and target.format == "parquet" else given
