"""The state of one lowering: which rows stand where, under which name and with which columns, and what went wrong.

Lowerers never raise for an author's mistake: they report it and define something, so that all problems come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from sqlglot import exp

from dataflow_provider.compiler.bind import UnboundError, bind_values, known_names, undeclared
from dataflow_provider.compiler.columns import find_column, missing_columns
from dataflow_provider.compiler.compiled import Columns, Probe, Rule, Schemas, StagePaths
from dataflow_provider.compiler.graph import Graph, GraphInput, GraphNode
from dataflow_provider.compiler.kinds import kind_of_type
from dataflow_provider.compiler.lowering.tree import column, identifier, select, star, table, typed_null
from dataflow_provider.compiler.naming import query_name, stage_table_name
from dataflow_provider.compiler.real_names import name_expression, name_query
from dataflow_provider.compiler.sqltext import (
    SqlTextError,
    named_places,
    parse_expression,
    parse_query,
    parse_type,
)
from dataflow_provider.compiler.typed import MARK, Kinds, Typist
from dataflow_provider.compiler.typing_checks import check_condition, offset_of
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.render import render
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError, DataflowError, TransientError
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import AiSql, QualitySeverity, ReferenceQuality, SqlSource, SqlTransform
from dataflow_provider.spec.suggestions import did_you_mean, listed

Path = tuple[str | int, ...]
Port = str | None
Bound = TypeVar("Bound")
Written = TypeVar("Written", bound=exp.Expr)


@dataclass(frozen=True)
class Relation:
    """Rows that can be read: `parts` is the name, `cheap` says that reading them twice costs nothing.

    `kinds` is what is known of the columns' types; SQL is never made of it, as it may be inferred.
    """

    parts: tuple[str, ...]
    columns: Columns | None
    cheap: bool = False
    kinds: Kinds = field(default_factory=dict)

    def table(self, alias: str | None = None) -> exp.Table:
        return table(self.parts, alias)


@dataclass(frozen=True)
class Check:
    """A query that answers the number of offending rows of a node; more than 0 fails the stage with the message."""

    node: str
    query: exp.Select
    message: str


@dataclass(frozen=True)
class Test:
    """A rule of a quality node over `rows`: `found` are the values that the gate's answer holds for it.

    `condition` is true for a failing row, of rows joined by `join`; `counted` counts the failing rows without a join.
    """

    rule: Rule
    condition: exp.Expr | None = None
    join: exp.Join | None = None
    counted: exp.Select | None = None
    found: tuple[exp.Expr, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The rows that a quality node judges, in one place, by all its tests."""

    node: str
    severity: QualitySeverity
    rows: Relation
    tests: tuple[Test, ...]


@dataclass
class Lowering:
    """Turns nodes of one stage (or of a whole graph, when only checked) into common table expressions.

    `values` None leaves placeholders in place, `probe` None infers columns from the text alone. When `rehearsed`, the
    tables of earlier stages are not there yet: `schemas` has their columns and empty rows stand in for them, as they do
    for the sources in `absent`, which a stage before makes.
    """

    pipeline: Pipeline
    graph: Graph
    dialect: SqlDialect
    values: RunValues | None = None
    schemas: Schemas = field(default_factory=dict)
    probe: Probe | None = None
    paths: StagePaths = field(default_factory=StagePaths)
    ports: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    rehearsed: bool = False
    absent: frozenset[str] = frozenset()
    inferred: Mapping[str, Kinds] = field(default_factory=dict)

    relations: dict[tuple[str, Port], Relation] = field(default_factory=dict)
    bodies: dict[str, exp.Query] = field(default_factory=dict)
    reads: list[Step] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    reads_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cheap: set[str] = field(default_factory=set)
    _markers: dict[str, str] = field(default_factory=dict)
    _reserved: set[str] = field(default_factory=set)
    _queries: dict[str, exp.Query] = field(default_factory=dict)

    # ------------------------------------------------------------ rows

    def reserve_names(self, nodes: Iterable[GraphNode]) -> None:
        """Keep the names of real tables and of authors' own WITH away from our common table expressions."""
        for node in nodes:
            spec = node.spec
            if isinstance(spec, SqlSource) and spec.table is not None:
                self._reserved.add(spec.table.strip('"').casefold())
            elif isinstance(spec, ReferenceQuality):
                self._reserved.add(spec.reference.table.strip('"').casefold())
            text = spec.query if isinstance(spec, SqlSource | SqlTransform | AiSql) else None
            if text is None:
                continue
            try:
                tree = parse_query(text, self.dialect)
            except SqlTextError:
                continue
            self._queries[node.id] = tree
            self._reserved |= {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
            if isinstance(spec, SqlSource):
                self._reserved |= {one.name.casefold() for one in tree.find_all(exp.Table) if not one.db}

    def input(self, given: GraphInput) -> Relation:
        """Return the rows of an input; those of another stage are read from its table."""
        key = (given.node, given.port)
        if key not in self.relations:
            self.relations[key] = self._stage_input(given)
        return self.relations[key]

    def _stage_input(self, given: GraphInput) -> Relation:
        values = self.values or RunValues("")
        name = stage_table_name(self.pipeline.id, values, given.node, given.port)
        parts = self.dialect.stage_parts(name)
        key = given.node if given.port is None else f"{given.node}.{given.port}"
        columns = self.schemas.get(key)
        if self.rehearsed:
            name = self._free_name(f"{given.node}__{given.port or 'kept'}")
            return Relation((name,), columns, cheap=True, kinds=self._kinds_of(columns, self.inferred.get(key, {})))
        if columns is None and self.probe is not None and not self.problems:
            columns = self.probe.columns_of_query(render(select([star()], table(parts)), self.dialect))
        return Relation(parts, columns, cheap=True, kinds=self._kinds_of(columns, self.inferred.get(key, {})))

    def define(
        self,
        node: str,
        port: Port,
        body: exp.Query,
        columns: Columns | None,
        *,
        cheap: bool = False,
        fixed: bool = False,
    ) -> Relation:
        """Make the rows of a node known as a common table expression.

        `columns` is what the text tells; with a database at hand it is asked instead, unless they are `fixed`.
        """
        name = self._free_name(node if port is None else f"{node}__{port}")
        answered = self._typed(node, body)
        if not fixed:
            found = self.described(node, body)
            columns = columns if found is None else found
        self.reads_of[name] = self.names_read(body)
        self.bodies[name] = body
        self._markers[name] = f"node:{node}" if port is None else f"node:{node}.{port}"
        relation = Relation((name,), columns, cheap, self._kinds_of(columns, answered))
        if cheap:
            self.cheap.add(name)
        self.relations[(node, port)] = relation
        return relation

    def _typed(self, node: str, body: exp.Query) -> Kinds:
        """Return the kinds of a node's columns by its SQL; where they clash in an author's text is a problem.

        A run is not kept up by it: its database has the last word, and had it before the run began.
        """
        if self.probe is not None and not self.rehearsed:
            return {}
        tables = {one.parts[-1]: one.kinds for one in self.relations.values()}
        typist = Typist(self.dialect, tables, self._params)
        answer = typist.answer(body)
        self.report_clashes(node, typist)
        return answer

    def take_over(self, given: GraphInput, columns: Columns, kinds: Kinds) -> None:
        """The rows of another connection are known here by their names and what is known of their types."""
        name = self._free_name(f"{given.node}__{given.port or 'kept'}")
        self.relations[given.node, given.port] = Relation((name,), columns, cheap=True, kinds=kinds)

    def type_expression(self, node: str, path: Path, tree: exp.Expr, rows: Relation, *, condition: bool) -> None:
        """Report what clashes in an expression that stands outside of a node's SQL."""
        typist = Typist(self.dialect, {}, self._params)
        kind = typist.kind(tree, rows.kinds, path)
        if condition:
            typist.clashes += [(path, clash) for clash in check_condition(tree, kind, self.dialect)]
        self.report_clashes(node, typist)

    def report_clashes(self, node: str, typist: Typist) -> None:
        for path, (code, severity, message, hint, offset) in typist.clashes:
            self.problem(node, path, code, message, hint, offset, severity)

    @cached_property
    def _params(self) -> Kinds:
        """The kinds of `:name` before it is bound; a text may turn into what it meets."""
        kinds = {
            "integer": "BIGINT",
            "number": "DOUBLE",
            "boolean": "BOOLEAN",
            "date": "DATE",
            "timestamp": "TIMESTAMP",
        }
        params = {name: kinds.get(param.type, "") for name, param in self.pipeline.params.items()}
        return {**dict.fromkeys(("interval_start", "interval_end", "logical_date"), "TIMESTAMP"), **params}

    def _kinds_of(self, columns: Columns | None, inferred: Kinds) -> Kinds:
        """Return what is known of columns: by the database or the author, else by inference."""
        if columns is None:
            return {}
        by_name = {name.casefold(): kind for name, kind in inferred.items()}
        return {
            name: kind_of_type(text, self.dialect) or by_name.get(name.casefold(), "") for name, text in columns.items()
        }

    def _free_name(self, wanted: str) -> str:
        name, count = query_name(wanted), 0
        while name.casefold() in self._reserved or name in self.bodies:
            count += 1
            name = query_name(f"{wanted}_{count}")
        return name

    def described(self, node: str, body: exp.Query) -> Columns | None:
        """Ask the database for the columns of a query, its inputs replaced by empty ones of the same columns.

        None without a database, after a problem of the node, and when nobody knows the columns of an input yet.
        """
        probe = self.probe_of(node)
        if probe is None:
            return None
        read = [one for one in self.relations.values() if len(one.parts) == 1 and _names(body, one.parts[0])]
        if self.rehearsed and not all(_is_typed(one.columns, self.dialect) for one in read):
            return None
        stubs = [
            exp.CTE(this=_stub(one.columns, self.dialect), alias=exp.TableAlias(this=identifier(one.parts[0])))
            for one in read
            if one.columns is not None
        ]
        query = select([star()], exp.Subquery(this=body.copy(), alias=exp.TableAlias(this=identifier("rows"))))
        if stubs:
            query.set("with_", exp.With(expressions=stubs))
        try:
            sql = render(query, self.dialect)
        except AuthorError as exc:
            self.problem(node, (), exc.code, exc.message, exc.hint)
            return None
        try:
            return probe.columns_of_query(sql)
        except TransientError:
            # A lost connection says nothing about the node, and another try may help.
            raise
        except DataflowError as exc:
            self.problem(node, (), "DF-SQL-020", f"the database refuses this node: {exc.message}", exc.hint)
            return None

    def probe_of(self, node: str) -> Probe | None:
        """Return the look into the database that a node may take; None when what it would see is known to be wrong."""
        return None if node in self.absent or self.has_problem(node) else self.probe

    def has_problem(self, node: str) -> bool:
        return any(problem.node == node and problem.severity is Severity.ERROR for problem in self.problems)

    def statement(self, query: exp.Select, stop: Mapping[str, tuple[str, ...]] | None = None) -> exp.Select:
        """Return the query with the common table expressions it needs, in order, each marked with its node.

        Those read more than once are kept by the engine. `stop` maps a name to a table that already holds its rows.
        """
        stop = stop or {}
        needed: dict[str, int] = {}
        waiting = [self.names_read(query)]
        while waiting:
            for name in waiting.pop():
                needed[name] = needed.get(name, 0) + 1
                if needed[name] == 1 and name not in stop:
                    waiting.append(self.reads_of[name])
        ctes = [self._cte(name, needed[name], stop) for name in self.bodies if name in needed]
        result = query.copy()
        if ctes:
            result.set("with_", exp.With(expressions=ctes))
        return result

    def names_read(self, query: exp.Expr) -> tuple[str, ...]:
        """Return the common table expressions that a query reads, once for each reading."""
        return tuple(
            one.name
            for one in query.find_all(exp.Table)
            if one.meta.get("ours") and not one.db and one.name in self.bodies
        )

    def _cte(self, name: str, reads: int, stop: Mapping[str, tuple[str, ...]]) -> exp.CTE:
        body = select([star()], table(stop[name])) if name in stop else self.bodies[name].copy()
        keep = reads > 1 and name not in self.cheap and name not in stop
        alias = exp.TableAlias(this=identifier(name))
        alias.add_comments([self._markers[name]])
        return exp.CTE(this=body, alias=alias, **({"materialized": True} if keep else {}))

    # ------------------------------------------------------------ an author's text

    def expression(self, node: str, path: Path, text: str, sides: Mapping[str, Columns | None]) -> exp.Expr:
        """Return an expression, its values bound and its columns checked; NULL after a problem."""
        try:
            tree = parse_expression(text, self.dialect)
            self._refuse_tables(tree)
        except SqlTextError as exc:
            self._text_problem(node, path, exc)
            return exp.null()
        for name, used in missing_columns(tree, sides).items():
            known = [one for columns in sides.values() for one in columns or ()]
            self.missing(node, path, name, known, offset=offset_of(used))
        return _marked(path, self._bind(node, path, text, name_expression(tree, sides, self.dialect)))

    def query(
        self, node: str, path: Path, text: str, inputs: Mapping[str, Columns | None] | None = None
    ) -> exp.Query | None:
        """Return a query with its values bound and, of its input tables, real names; None after a problem."""
        try:
            tree = self._queries.pop(node, None) or parse_query(text, self.dialect)
        except SqlTextError as exc:
            self._text_problem(node, path, exc)
            return None
        bound = self._bind(node, path, text, name_query(tree, inputs or {}, self.dialect))
        return _marked(path, bound) if isinstance(bound, exp.Query) else None

    def type(self, node: str, path: Path, text: str) -> exp.DataType:
        try:
            return parse_type(text, self.dialect)
        except SqlTextError as exc:
            self._text_problem(node, path, exc)
            return exp.DataType.build("VARCHAR")

    def _refuse_tables(self, tree: exp.Expr) -> None:
        for one in tree.find_all(exp.Table):
            if not isinstance(one.this, exp.Func):
                raise SqlTextError(
                    "DF-SQL-009",
                    f"the table `{one.name}` cannot be read in an expression; it sees the columns of its input only",
                    "Join the table in, or write a `transform.sql`.",
                )

    def _bind(self, node: str, path: Path, text: str, tree: exp.Expr) -> exp.Expr:
        if self.report_undeclared(node, path, named_places(text, self.dialect)):
            return tree
        return self.bound(node, path, lambda values: bind_values(tree, self.pipeline, values)) or tree

    def report_undeclared(self, node: str, path: Path, places: Iterable[tuple[str, int]]) -> bool:
        """Report each `:name` that nothing declares; return whether there was one."""
        unknown = undeclared(places, self.pipeline)
        for name, offset in unknown:
            self.problem(
                node,
                path,
                "DF-SQL-010",
                f"`:{name}` is neither a parameter nor a run value; there are {listed(known_names(self.pipeline))}",
                did_you_mean(name, known_names(self.pipeline)) or "Declare it under `params`.",
                offset,
            )
        return bool(unknown)

    def bound(self, node: str, path: Path, bind: Callable[[RunValues], Bound]) -> Bound | None:
        """Return what `bind` makes of this run's values; None without values and after a problem."""
        if self.values is None:
            return None
        try:
            return bind(self.values)
        except UnboundError as exc:
            self.problem(node, path, "DF-SQL-011", exc.reason, "Give the value when the run is started.")
            return None

    # ------------------------------------------------------------ names and problems

    def real_name(self, node: str, path: Path, name: str, columns: Columns | None, where: str = "here") -> str:
        """Return the real name of a column; a missing one is a problem, with unknown columns the name is trusted."""
        if columns is None:
            return name
        real = find_column(name, columns)
        if real is None:
            self.missing(node, path, name, columns, where)
        return real or name

    def columns(self, node: str, path: Path, names: Sequence[str], columns: Columns | None) -> list[exp.Column]:
        return [column(self.real_name(node, (*path, at), name, columns)) for at, name in enumerate(names)]

    def missing(
        self,
        node: str,
        path: Path,
        name: str,
        columns: Iterable[str],
        where: str = "here",
        offset: int | None = None,
    ) -> None:
        known = list(dict.fromkeys(columns))
        self.problem(
            node,
            path,
            "DF-SQL-012",
            f"there is no column `{name}` {where}; there are {listed(known)}",
            did_you_mean(name.rpartition(".")[2], known),
            offset,
        )

    def problem(
        self,
        node: str,
        path: Path,
        code: str,
        message: str,
        hint: str | None = None,
        offset: int | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        found = Problem(code, ("nodes", node, *path), message, hint, severity, offset)
        if found not in self.problems:
            self.problems.append(found)

    def _text_problem(self, node: str, path: Path, error: SqlTextError) -> None:
        self.problem(node, path, error.code, error.message, error.hint, error.offset)


def _marked(path: Path, tree: Written) -> Written:
    """Return the tree with a note of the field it was written in."""
    tree.meta[MARK] = path
    return tree


def _names(body: exp.Query, name: str) -> bool:
    return any(one.meta.get("ours") and one.name == name for one in body.find_all(exp.Table))


def _is_typed(columns: Columns | None, dialect: SqlDialect) -> bool:
    """Return whether empty rows can stand in for others: an engine may take a NULL without a type for a text."""
    return columns is not None and (not dialect.typed_columns or "" not in columns.values())


def _stub(columns: Columns | None, dialect: SqlDialect) -> exp.Select:
    """Return a query of no rows with these columns; types come as the database spelled them."""
    return exp.Select(
        expressions=[
            exp.alias_(
                exp.null() if kind.strip('"') in ("", "NULL") else typed_null(kind, dialect),
                identifier(name),
            )
            for name, kind in (columns or {}).items()
        ]
    ).where(exp.false())
