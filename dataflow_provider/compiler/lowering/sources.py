"""Tables and queries of a SQL database as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.columns import output_columns
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Path, Port
from dataflow_provider.compiler.lowering.tree import column, identifier, select, star, table
from dataflow_provider.compiler.sqltext import is_file_name
from dataflow_provider.spec.nodes import SourceBase, SqlSource


def lower_sql_source(scope: Lowering, node: GraphNode, spec: SqlSource, ports: Sequence[Port]) -> None:
    columns: Columns | None = scope.schemas.get(node.id) or spec.schema_ or None
    picks = spec.columns is not None or spec.where is not None or spec.incremental is not None
    if spec.table is not None:
        origin = real_table(scope, node, ("table",), spec.table)
    else:
        query = scope.query(node.id, ("query",), spec.query or "")
        if query is None:
            scope.define(node.id, None, exp.select(exp.null()), None)
            return
        columns = columns or output_columns(query, {})
        if not picks:
            _check_names(scope, node, spec, columns)
            scope.define(node.id, None, query, columns)
            return
        origin = exp.Subquery(this=query, alias=exp.TableAlias(this=identifier("q")))
    if scope.dialect.publish.folding != "none" and picks:
        # A declared schema may spell names in another case than the table does.
        columns = scope.described(node.id, select([star()], origin.copy())) or columns
    body, kept = read(scope, node, spec, origin.copy(), columns)
    _check_names(scope, node, spec, columns)
    scope.define(node.id, None, body, kept, cheap=spec.is_plain_table)
    if picks:
        _place_refusal(scope, node, spec, origin)


def _place_refusal(scope: Lowering, node: GraphNode, spec: SqlSource, origin: exp.Expr) -> None:
    """A node that the database refuses for a column it lacks is told by that name, where it stands.

    Only then: some databases have columns that no list of them shows.
    """
    refused = [one for one in scope.problems if (one.node, one.code) == (node.id, "DF-SQL-020")]
    if not refused:
        return
    scope.problems = [one for one in scope.problems if one not in refused]
    others = len(scope.problems)
    columns = scope.described(node.id, select([star()], origin.copy()))
    if columns is not None:
        read(scope, node, spec, origin, columns)
    if len(scope.problems) == others:
        scope.problems += refused


def source_origin(scope: Lowering, node: GraphNode, spec: SqlSource) -> tuple[exp.Expr, Columns | None]:
    """Return all rows that a source could read, before `where`, and its columns as the database tells them."""
    if spec.table is not None:
        origin = real_table(scope, node, ("table",), spec.table)
    else:
        query = scope.query(node.id, ("query",), spec.query or "")
        origin = exp.Subquery(this=query or exp.select(exp.null()), alias=exp.TableAlias(this=identifier("q")))
    return origin, scope.described(node.id, select([star()], origin.copy())) or spec.schema_


def _check_names(scope: Lowering, node: GraphNode, spec: SourceBase, columns: Columns | None) -> None:
    """Report the column that a split names and that is not there."""
    if spec.partition is not None:
        scope.real_name(node.id, ("partition", "column"), spec.partition.column, columns)


def read(
    scope: Lowering, node: GraphNode, spec: SourceBase, origin: exp.Expr, columns: Columns | None
) -> tuple[exp.Select, Columns | None]:
    """Return the columns and rows that a source asks for out of `origin`, and what is known of the columns."""
    if spec.columns is None:
        items: list[exp.Expr] = [star()]
        kept = columns
    else:
        found = scope.columns(node.id, ("columns",), spec.columns, columns)
        items = [*found]
        kept = {one.name: (columns or {}).get(one.name, "") for one in found}
    body = select(items, origin)
    if spec.where is not None:
        body = body.where(scope.expression(node.id, ("where",), spec.where, {"": columns}), copy=False)
    if spec.incremental is not None and isinstance(spec, SqlSource):
        name = scope.real_name(node.id, ("incremental", "column"), spec.incremental.column, columns)
        body = body.where(_window(scope, node.id, column(name)), copy=False)
    return body, kept


def _window(scope: Lowering, node: str, read_by: exp.Column) -> exp.Expr:
    """Return the rows of this run; where nothing is run, all that a run could ever read."""
    window = None if scope.rehearsed or scope.values is None else scope.values.windows.get(node)
    if window is None:
        return exp.Not(this=exp.Is(this=read_by, expression=exp.null()))
    return window.condition(read_by)


def real_table(scope: Lowering, node: GraphNode, path: Path, written: str) -> exp.Expr:
    """Return a table of the database, which is none of our common table expressions whatever it is called."""
    try:
        parts = scope.dialect.publish.parts(written)
    except ValueError as exc:
        scope.problem(node.id, path, "DF-SQL-014", str(exc))
        return table(("unknown",))
    if is_file_name(".".join(parts)):
        scope.problem(
            node.id,
            path,
            "DF-SQL-008",
            f"`{written}` would be read as a file",
            "Read files with a `source.file` node.",
        )
    origin = table(parts)
    origin.meta["ours"] = False
    return origin
