"""The SQL of a whole pipeline: statements of WITH queries, one a node, grouped by the connection they run on.

Unlike a compiled stage it is cut by connections only, keeps `:name` as it is and asks no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.decompile.spelling import Spelling
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph, GraphInput, GraphNode, build_graph
from dataflow_provider.compiler.lowering.context import Lowering, Port
from dataflow_provider.compiler.lowering.files import read_files
from dataflow_provider.compiler.lowering.registry import LOWERERS
from dataflow_provider.compiler.lowering.sources import read
from dataflow_provider.compiler.lowering.tree import select, star
from dataflow_provider.compiler.sql import used_ports
from dataflow_provider.compiler.sqltext import SqlTextError, parse_any
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import (
    AiEnrich,
    AiSql,
    FileSource,
    JoinTransform,
    QualityBase,
    RouterTransform,
    SqlSource,
    SqlTarget,
    SqlTransform,
    TargetBase,
)
from dataflow_provider.spec.service_nodes import HttpSource, KafkaSource

Rows = tuple[str, Port]
"""Which rows: a node and its port, None for the main output."""

NOT_IN_SQL = "not written in this SQL"
_LINE = 100
_IN_QUOTES = re.compile(r"[\"`\[]([^\"`\]]+)[\"`\]]")


@dataclass(frozen=True)
class Cte:
    """One WITH query: `rows` is what its mark says, None for one that people wrote; `note` is a word to the reader.

    `line` (1-based) is where its body begins in a script that was read.
    """

    name: str
    rows: Rows | None
    body: str
    note: str = ""
    line: int = 1


@dataclass(frozen=True)
class Statement:
    """What reaches one target, is handed over to another connection, or is read by nobody.

    `rows` is the target or the rows of the query, None for a statement that people wrote. `table` is what INSERT INTO
    names. `given` are the names that are handed over from elsewhere, `line` is where the query begins.
    """

    rows: Rows | None
    connection: str
    table: str | None
    ctes: tuple[Cte, ...]
    query: str
    given: tuple[str, ...] = ()
    line: int = 1


@dataclass
class Lowered:
    """Every enabled node lowered in the dialect of its own connection.

    `names` maps a WITH query to its rows, `quoted` are the names that stand in quotes somewhere in the file's texts.
    """

    pipeline: Pipeline
    graph: Graph
    scope: Lowering
    names: dict[str, Rows] = field(default_factory=dict)
    quoted: frozenset[str] = frozenset()

    def dialect_of(self, node: str) -> SqlDialect:
        return get_dialect(self.graph.nodes[node].dialect)

    def name_of(self, given: GraphInput) -> str:
        """Return the name of an input's rows in the script."""
        return self.scope.input(given).parts[0]


@dataclass(frozen=True)
class View:
    """The script's content; `statements` in the order of their connections."""

    lowered: Lowered
    statements: tuple[Statement, ...]

    @property
    def graph(self) -> Graph:
        return self.lowered.graph

    @property
    def connections(self) -> Mapping[str, SqlDialect]:
        """Return connection → dialect, in the order of the script."""
        return {one: _dialect_on(self.graph, one) for one in dict.fromkeys(each.connection for each in self.statements)}


def view_pipeline(pipeline: Pipeline) -> View:
    """Return the statements of a pipeline.

    Raises:
        CompileError: with every problem of its SQL.
    """
    lowered = lower_pipeline(pipeline)
    if lowered.scope.problems:
        raise CompileError(lowered.scope.problems)
    ctes = {name: cte_of(lowered, name) for name in lowered.names}
    found = [*_hand_overs(lowered), *_targets(lowered), *_leaves(lowered)]
    statements = [_statement(lowered, ctes, *one) for one in found]
    order = list(dict.fromkeys(node.connection for node in lowered.graph.nodes.values()))
    return View(lowered, tuple(sorted(statements, key=lambda one: order.index(one.connection))))


def _dialect_on(graph: Graph, connection: str) -> SqlDialect:
    return get_dialect(next(node.dialect for node in graph.nodes.values() if node.connection == connection))


# ---------------------------------------------------------------- lowering


def lower_pipeline(pipeline: Pipeline) -> Lowered:
    """Return the SQL of every enabled node; problems of their SQL are in the scope.

    Raises:
        CompileError: when the nodes are no graph.
    """
    graph = build_graph(pipeline)
    scope = Lowering(pipeline, graph, get_dialect("duckdb"))
    lowered = Lowered(pipeline, graph, scope, quoted=frozenset(_quoted_names(pipeline)))
    for dialect in dict.fromkeys(node.dialect for node in graph.nodes.values()):
        scope.dialect = get_dialect(dialect)
        scope.reserve_names(node for node in graph.nodes.values() if node.dialect == dialect)
    for node in graph.nodes.values():
        if isinstance(node.spec, TargetBase):
            continue
        scope.dialect = get_dialect(node.dialect)
        before = set(scope.bodies)
        _lower(scope, node, used_ports(graph, node, None) or _unread(node))
        made = {rows.parts[0]: key for key, rows in scope.relations.items() if key[0] == node.id}
        lowered.names |= {name: made[name] for name in scope.bodies if name not in before}
    return lowered


def _quoted_names(pipeline: Pipeline) -> Iterator[str]:
    for spec in pipeline.nodes.values():
        waiting: list[object] = [spec.model_dump(exclude={"description", "session"})]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Mapping):
                waiting += one.values()
            elif isinstance(one, list | tuple):
                waiting += one
            elif isinstance(one, str):
                yield from (found[1] for found in _IN_QUOTES.finditer(one))


def _unread(node: GraphNode) -> list[Port]:
    return [node.spec.default] if isinstance(node.spec, RouterTransform) else [None]


def _lower(scope: Lowering, node: GraphNode, ports: Sequence[Port]) -> None:
    spec = node.spec
    lower = LOWERERS.get(type(spec))
    if isinstance(spec, FileSource | KafkaSource | HttpSource):
        _lower_outside(scope, node, spec, ports)
    elif isinstance(spec, AiSql) and spec.query is not None:
        as_sql = SqlTransform(type="transform.sql", query=spec.query)
        LOWERERS[SqlTransform](scope, node, as_sql, ports)
    elif lower is not None and not isinstance(spec, AiEnrich):
        lower(scope, node, spec, ports)
    else:
        _pass_through(scope, node, ports)


def _pass_through(scope: Lowering, node: GraphNode, ports: Sequence[Port]) -> None:
    """Checks and models are no SQL: their rows are shown as those of the input, bad ones as none."""
    for port in ports:
        rows = scope.input(node.inputs[0])
        body = select([star()], rows.table())
        if port == REJECTED:
            body = body.where(exp.false(), copy=False)
        scope.define(node.id, port, body, None if isinstance(node.spec, AiEnrich) else rows.columns)


def _lower_outside(
    scope: Lowering, node: GraphNode, spec: FileSource | KafkaSource | HttpSource, ports: Sequence[Port]
) -> None:
    """Files as their engine reads them; topics and services as a table of their name."""
    columns: Columns | None = spec.schema_
    origin: exp.Expr
    if isinstance(spec, FileSource) and scope.dialect.reads_files:
        origin, columns = read_files(scope, node, spec)
    else:
        place = spec.topic if isinstance(spec, KafkaSource) else spec.path
        origin = exp.Table(this=exp.Identifier(this=place, quoted=True))
    for port in ports:
        body, kept = read(scope, node, spec, origin.copy(), columns)
        if port is not None:
            body, kept = select([star()], origin.copy()).where(exp.false(), copy=False), None
        scope.define(node.id, port, body, kept)


# ---------------------------------------------------------------- statements


def _targets(lowered: Lowered) -> Iterator[tuple[Rows, GraphNode, GraphInput]]:
    for node in lowered.pipeline.nodes:
        at = lowered.graph.nodes.get(node)
        if at is not None and isinstance(at.spec, TargetBase):
            yield (node, None), at, at.inputs[0]


def _hand_overs(lowered: Lowered) -> Iterator[tuple[Rows, GraphNode, GraphInput]]:
    nodes = lowered.graph.nodes
    seen: set[Rows] = set()
    for node in nodes.values():
        for given in node.inputs:
            key = (given.node, given.port)
            if nodes[given.node].connection != node.connection and key not in seen:
                seen.add(key)
                yield key, nodes[given.node], given


def _leaves(lowered: Lowered) -> Iterator[tuple[Rows, GraphNode, GraphInput]]:
    for node in lowered.graph.nodes.values():
        if not lowered.graph.consumers[node.id] and not isinstance(node.spec, TargetBase):
            for port in _unread(node):
                yield (node.id, port), node, GraphInput(node.id, None, node.id, port)


def _statement(lowered: Lowered, ctes: Mapping[str, Cte], rows: Rows, at: GraphNode, given: GraphInput) -> Statement:
    last = lowered.name_of(given)
    needed: dict[str, None] = {}
    handed: dict[str, None] = {}
    waiting = [last]
    while waiting:
        name = waiting.pop()
        if lowered.graph.nodes[lowered.names[name][0]].connection != at.connection:
            handed[name] = None
        elif name not in needed:
            needed[name] = None
            waiting += _reads(lowered, name)
    dialect = get_dialect(at.dialect)
    table = None
    if isinstance(at.spec, SqlTarget):
        table = show_name(at.spec.table, dialect)
    query, _ = show_query(select([star()], lowered.scope.input(given).table()), dialect, lowered.quoted)
    own = tuple(ctes[name] for name in ctes if name in needed)
    return Statement(rows, at.connection, table, own, query, tuple(name for name in ctes if name in handed))


def _reads(lowered: Lowered, name: str) -> Iterable[str]:
    for one in lowered.scope.bodies[name].find_all(exp.Table):
        if one.name in lowered.names and one.meta.get("ours") and not one.db:
            yield one.name


def cte_of(lowered: Lowered, name: str) -> Cte:
    """Return a WITH query of the script: an author's own query as it is written, else the tree as text."""
    rows = lowered.names[name]
    node = lowered.graph.nodes[rows[0]]
    dialect = get_dialect(node.dialect)
    written = as_written(lowered, node)
    if written is not None:
        return Cte(name, rows, written)
    body, is_exact = show_query(lowered.scope.bodies[name], dialect, lowered.quoted)
    return Cte(name, rows, body, _note(lowered, rows, dialect, is_exact=is_exact))


def _note(lowered: Lowered, rows: Rows, dialect: SqlDialect, *, is_exact: bool) -> str:
    """Return what the SQL of the rows leaves unsaid."""
    spec = lowered.graph.nodes[rows[0]].spec
    if isinstance(spec, QualityBase) or (spec.type.startswith("ai.") and not getattr(spec, "query", None)):
        return f"{spec.type} is {NOT_IN_SQL}"
    if not is_exact:
        return f"{dialect.name} needs the columns by name here: declare them at the source"
    if isinstance(spec, JoinTransform) and spec.right_prefix and lowered.scope.relations[rows].columns is None:
        return f"right columns whose name the left has get the prefix {spec.right_prefix}"
    return ""


def as_written(lowered: Lowered, node: GraphNode) -> str | None:
    """Return an author's own query where it may stand in the script as it is."""
    spec = node.spec
    if isinstance(spec, SqlSource) and (spec.columns is not None or spec.where is not None):
        return None
    if not isinstance(spec, SqlTransform | SqlSource | AiSql) or not spec.query:
        return None
    if any(lowered.name_of(given) != given.name for given in node.inputs):
        return None
    return None if spec.query.rstrip().endswith(";") else spec.query.strip("\n").rstrip()


# ---------------------------------------------------------------- text


def show_query(tree: exp.Expr, dialect: SqlDialect, quoted: frozenset[str]) -> tuple[str, bool]:
    """Return a query as the engine runs it, quotes only where a name needs them, and whether the engine does run it.

    `quoted` are the names that authors put in quotes; any other is found without regard to case. What an engine has no
    words for (columns that nobody knows by name) is shown in those of DuckDB.
    """
    shown = tree.copy()
    try:
        for legalise in dialect.legalise:
            shown = legalise(shown)
        return _text(shown, dialect, quoted, ErrorLevel.RAISE), True
    except (AuthorError, UnsupportedError):
        return _text(tree.copy(), dialect, quoted, ErrorLevel.IGNORE), False


def _text(tree: exp.Expr, dialect: SqlDialect, quoted: frozenset[str], level: ErrorLevel) -> str:
    spelling = Spelling(dialect)
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(exp.Var(this=f":{placeholder.name}"))
    for name in tree.find_all(exp.Identifier):
        folds = dialect.publish.folding != "none" and name.name not in quoted
        spelled = dialect.publish.fold(name.name) if folds else name.name
        name.set("quoted", spelling.identifier(spelled).args["quoted"])
    for term in tree.find_all(exp.Ordered):
        term.set("desc", term.args.get("desc") or None)
    line = tree.sql(dialect=dialect.sqlglot, unsupported_level=level, comments=False)
    if len(line) <= _LINE and "\n" not in line:
        return str(line)
    return str(tree.sql(dialect=dialect.sqlglot, pretty=True, unsupported_level=level, comments=False))


def show_name(written: str, dialect: SqlDialect) -> str:
    """Return a table's name as YAML has it in the engine's own quotes, where it needs them."""
    try:
        parts = dialect.publish.parts(written)
    except ValueError:
        parts = (written,)
    spelling = Spelling(dialect)
    names = [spelling.identifier(part) for part in parts]
    if not any(name.quoted for name in names):
        return written
    return ".".join(name.sql(dialect=dialect.sqlglot) for name in names)


def canonical(text: str, dialect: SqlDialect, names: Mapping[str, Rows]) -> str:
    """Return a text that two queries share when they mean the same rows by the same words.

    WITH queries of the script are called by their rows, names are as the engine folds them, chains of AND are flat.

    Raises:
        SqlTextError: when it is no query.
    """
    tree = parse_any(text, dialect)
    _call_by_rows(tree, names)
    for one in tree.find_all(exp.Identifier):
        if not one.quoted and dialect.publish.folding != "none":
            one.set("this", dialect.publish.fold(one.name))
        one.set("quoted", True)
    for term in tree.find_all(exp.Ordered):
        term.set("desc", term.args.get("desc") or None)
    tree = _flat(_list_new_columns(tree))
    if not isinstance(tree, exp.Query):
        raise SqlTextError("DF-SQL-003", "this is not a query; one SELECT (with WITH, UNION and the like) stands here")
    return str(tree.sql(dialect=dialect.sqlglot, comments=False))


def _call_by_rows(tree: exp.Expr, names: Mapping[str, Rows]) -> None:
    sides = {column.table.casefold() for column in tree.find_all(exp.Column) if column.table}
    for table in tree.find_all(exp.Table):
        rows = None if table.db else find_rows(table.name, names)
        if rows is None or is_local(table):
            continue
        if not table.alias and table.name.casefold() in sides:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        elif table.alias and table.alias.casefold() not in sides:
            table.set("alias", None)
        table.set("this", exp.to_identifier(spell_rows(rows), quoted=True))


def is_local(table: exp.Table) -> bool:
    """Return whether a WITH inside the text itself has the name."""
    return any(cte.alias.casefold() == table.name.casefold() for cte in table.root().find_all(exp.CTE))


def find_rows(name: str, names: Mapping[str, Rows]) -> Rows | None:
    """Return the rows that a name of the script stands for; case does not count."""
    return next((rows for one, rows in names.items() if one.casefold() == name.casefold()), None)


def spell_rows(rows: Rows) -> str:
    """Return rows as `node` or `node.port`.

    >>> spell_rows(("calls", "rejected"))
    'calls.rejected'
    """
    return rows[0] if rows[1] is None else f"{rows[0]}.{rows[1]}"


def conditions_of(tree: exp.Expr | None) -> list[exp.Expr]:
    """Return what AND joins, parentheses around it taken off."""
    if tree is None:
        return []
    inner = tree.unnest() if isinstance(tree, exp.Paren) else tree
    if isinstance(inner, exp.And):
        return [*conditions_of(inner.left), *conditions_of(inner.right)]
    return [inner]


def _flat(tree: exp.Expr) -> exp.Expr:
    """Put AND in one chain and take parentheses off a whole condition or value."""
    for chain in [*tree.find_all(exp.And)]:
        if isinstance(chain.parent, exp.And) or (
            isinstance(chain.parent, exp.Paren) and isinstance(chain.parent.parent, exp.And)
        ):
            continue
        parts = [part.copy() for part in conditions_of(chain)]
        whole: exp.Expr = _wrapped(parts[0])
        for part in parts[1:]:
            whole = exp.And(this=whole, expression=_wrapped(part))
        chain.replace(whole)
    for paren in [*tree.find_all(exp.Paren)]:
        if isinstance(paren.parent, exp.Where | exp.Having | exp.Alias | exp.Join):
            paren.replace(paren.unnest())
    return tree


def _list_new_columns(tree: exp.Expr) -> exp.Expr:
    """Let `COLUMNS(c -> NOT c IN (names))` name each new column beside it, also one that people added to the list."""
    for columns in tree.find_all(exp.Columns):
        excluded, query = columns.find(exp.In), columns.parent
        if excluded is None or not isinstance(query, exp.Select):
            continue
        new = sorted({one.alias.lower() for one in query.expressions if isinstance(one, exp.Alias)})
        if all(one.name in new for one in excluded.expressions):
            excluded.set("expressions", [exp.Literal.string(name) for name in new])
    return tree


def _wrapped(tree: exp.Expr) -> exp.Expr:
    return exp.paren(tree) if isinstance(tree, exp.Or | exp.Xor) else tree
