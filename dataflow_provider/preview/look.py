"""One look into a pipeline: sessions that only read, and the rows of a port as one SELECT of the compile code.

Rows of other connections are lent: at most `SAMPLE_ROWS` of each, in a table of the session that goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlglot import exp

from dataflow_provider.compiler.compiled import Columns, StagePaths
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import GraphInput, GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Relation
from dataflow_provider.compiler.lowering.files import lower_file_inline
from dataflow_provider.compiler.lowering.registry import lower_of
from dataflow_provider.compiler.lowering.tree import select, star, table
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import RAW, RAW_REJECTS
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.sql import known_columns
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.arrow_tables import count_rows
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.connectors.registry import get_file_store
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.live_check import Untouched
from dataflow_provider.execution.live_tables import check_declared, missing_table
from dataflow_provider.execution.native import NativeRows
from dataflow_provider.execution.stage import open_session
from dataflow_provider.execution.steps import blamed
from dataflow_provider.preview.limits import push_limit
from dataflow_provider.preview.pieces import Piece, Port, cut_piece
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import FileSource, SqlSource
from dataflow_provider.spec.project import Project

SAMPLE_ROWS = 10_000
"""Most rows of one port that another connection, or a connector, lends."""

_NOT_ROW_BY_ROW = (
    exp.AggFunc, exp.Anonymous, exp.Distinct, exp.Group, exp.Join, exp.Limit, exp.Order, exp.Qualify, exp.Rand,
    exp.TableSample, exp.Uuid, exp.Window,
)  # fmt: skip


@dataclass(frozen=True)
class Lent:
    """Rows of a port that stand in an Arrow stream file; `whole` when there are no others."""

    node: str
    port: Port
    connection: str
    path: Path
    rows: int

    @property
    def whole(self) -> bool:
        return self.rows < SAMPLE_ROWS


@dataclass
class Opened:
    """An open session and the rows of a port in it."""

    session: SqlSession
    scope: Lowering
    rows: Relation
    maker: str

    @property
    def dialect(self) -> SqlDialect:
        return self.scope.dialect

    def query(self, limit: int | None) -> str:
        """Return the rows as one SELECT with the LIMIT at its root."""
        query = select([star()], self.rows.table())
        return self.render(query, limit)

    def render(self, query: exp.Select, limit: int | None = None) -> str:
        """Return a query over the rows as text, with the common table expressions it needs.

        What is made row by row is not kept in between, so that the reading ends with the last row that is asked for.
        """
        statement = self.scope.statement(query)
        if any(cte.args.get("materialized") for cte in statement.ctes):
            # All of a chain: SQLite keeps what is behind one that is read twice.
            for cte in statement.ctes:
                if cte.this.find(*_NOT_ROW_BY_ROW) is None:
                    cte.set("materialized", False)
        if limit is not None:
            statement = statement.limit(limit, copy=False)
            if self.dialect.unions_whole:
                push_limit(statement, limit)
        return render(statement, self.dialect)

    def types(self) -> Columns:
        """Return the columns with their types as the engine spells them."""
        if self.rows.columns is not None:
            return self.rows.columns
        return self.session.columns_of_query(self.query(None))


@dataclass
class Look:
    """What a look has seen so far; `folder` holds lent rows and goes with it."""

    plan: Plan
    values: RunValues
    project: Project
    connections: Untouched
    folder: Path
    sign: StopSign
    columns: dict[str, Columns] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lent: dict[tuple[str, Port], Lent] = field(default_factory=dict)

    @contextmanager
    def opened(self, node: str, port: Port) -> Iterator[Opened]:
        """Open the connection that makes the rows, when those of others are read and their sessions closed.

        Raises:
            CompileError: with every problem of the nodes on this connection.
            TerminalError: when the time is over.
        """
        piece = cut_piece(self.plan, node, port)
        lent = [self._borrow(*one) for one in piece.foreign]
        read = [*self._read_connectors(piece)]
        self.sign.check()
        with (
            blamed(node),
            open_session(
                self.plan, piece.stage, self.connections, self.project,
                read_only=True, lock_timeout_s=self.sign.seconds_left,
            ) as session,
            self.sign.watching(session),
        ):  # fmt: skip
            scope = self._scope(piece, session)
            for one in (*lent, *read):
                self._take_over(scope, session, one)
            for member in (self.plan.graph.nodes[one] for one in piece.stage.nodes):
                _lower(scope, member, piece.ports[member.id])
            self._judge(scope)
            for step in scope.reads:
                with blamed(step.node):
                    session.execute(step.sql)
            yield Opened(session, scope, scope.input(GraphInput(node, None, node, port)), node)

    # ------------------------------------------------------------ rows from elsewhere

    def _borrow(self, node: str, port: Port) -> Lent:
        if (node, port) not in self.lent:
            path = self.folder / f"lent{len(self.lent)}.arrow"
            with self.opened(node, port) as opened:
                opened.session.export_rows(opened.query(SAMPLE_ROWS), path)
            connection = self.plan.graph.nodes[node].connection
            self.lent[node, port] = Lent(node, port, connection, path, count_rows(path))
        return self.lent[node, port]

    def _read_connectors(self, piece: Piece) -> Iterator[Lent]:
        native = NativeRows(self.plan, piece.stage, self.values, self.connections, self.project, self.folder)
        for arrived in native.read(SAMPLE_ROWS):
            port = RAW if arrived.port is None else RAW_REJECTS
            spec = self.plan.graph.nodes[arrived.node].spec
            lent = Lent(arrived.node, port, spec.connection or "", arrived.path, arrived.rows)
            self.lent[arrived.node, port] = lent
            yield lent

    def _take_over(self, scope: Lowering, session: SqlSession, lent: Lent) -> None:
        name = stage_table_name(self.plan.pipeline.id, self.values, lent.node, lent.port)
        parts = scope.dialect.temporary_parts(name)
        session.import_temporary(scope.dialect.quoted(parts), lent.path)
        columns = session.columns_of_query(render(select([star()], table(parts)), scope.dialect))
        scope.relations[lent.node, lent.port] = Relation(parts, columns, cheap=True)

    # ------------------------------------------------------------ judging

    def _scope(self, piece: Piece, session: SqlSession) -> Lowering:
        """Return the lowering to be.

        Raises:
            CompileError: when a source's table or file is not there.
        """
        paths: dict[str, tuple[str, ...]] = {}
        absent: list[Problem] = []
        for node in piece.stage.nodes:
            spec = self.plan.graph.nodes[node].spec
            if isinstance(spec, SqlSource) and spec.table is not None:
                absent += self._missing_table(piece, session, node, spec)
            elif isinstance(spec, FileSource) and not reads_or_writes_itself(spec):
                try:
                    paths[node] = get_file_store("file").find(node, spec.path, self.project)
                except AuthorError as error:
                    absent.append(Problem(error.code, ("nodes", node, "path"), error.message, error.hint))
        if absent:
            raise CompileError(absent)
        scope = Lowering(
            self.plan.pipeline, self.plan.graph, get_dialect(piece.stage.dialect), self.values, {}, session,
            StagePaths(paths),
        )  # fmt: skip
        scope.reserve_names(self.plan.graph.nodes[one] for one in piece.stage.nodes)
        return scope

    def _missing_table(self, piece: Piece, session: SqlSession, node: str, spec: SqlSource) -> list[Problem]:
        dialect, written = get_dialect(piece.stage.dialect), str(spec.table)
        try:
            columns = session.columns_of(dialect.publish.table(written))
        except ValueError:
            return []  # The compiler says what is wrong with the name.
        if columns is None:
            return [missing_table(session, dialect, node, written, piece.stage.connection)]
        self.problems += [one for one in check_declared(dialect, node, spec, columns) if one not in self.problems]
        return []

    def _judge(self, scope: Lowering) -> None:
        self.columns |= known_columns(scope)
        errors = [one for one in scope.problems if one.severity is Severity.ERROR]
        if errors:
            raise CompileError(errors)
        self.problems += [one for one in scope.problems if one not in self.problems]


def _lower(scope: Lowering, node: GraphNode, ports: tuple[Port, ...]) -> None:
    """Lower a node as a run does, but that a file is read inside the query."""
    spec = node.spec
    if isinstance(spec, FileSource) and not reads_or_writes_itself(spec) and ports == (None,):
        lower_file_inline(scope, node, spec)
        return
    lower = lower_of(spec)
    if lower is not None:
        lower(scope, node, spec, ports)
