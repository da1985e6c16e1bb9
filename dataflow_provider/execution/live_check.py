"""A whole pipeline judged by its databases and files before any row moves: tables, columns, types, every SELECT.

Sessions are read-only, nothing is made, and all findings of all stages come at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dataflow_provider.compiler.compiled import Columns, Schemas, StagePaths
from dataflow_provider.compiler.plan import Plan, Stage, StageInput
from dataflow_provider.compiler.rehearsal import Rehearsed, rehearse_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.arrow_rows import incoming_column
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.connections import MEMORY, Connections, ConnectionSpec
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.connectors.registry import get_file_store
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.execution.foretold import Foretold, without_unknown
from dataflow_provider.execution.live_tables import check_declared, missing_table
from dataflow_provider.execution.publishing import refuse_early, remarks, write_context
from dataflow_provider.execution.stage import open_session
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import FileSource, FileTarget, SourceBase, SqlSource, SqlTarget
from dataflow_provider.spec.project import Project
from dataflow_provider.write_modes.context import run_marker

_FILE_ENGINES = ("duckdb", "sqlite")
_MASK = "***"


@dataclass(frozen=True)
class LiveCheck:
    """What the databases say of a pipeline.

    `columns` maps `node` or `node.port` to its columns, types as the node's engine spells them, "" where unknown.
    """

    problems: tuple[Problem, ...]
    columns: Schemas


def check_live(
    plan: Plan,
    values: RunValues,
    connections: Connections,
    project: Project,
    *,
    lock_timeout_s: float | None = None,
) -> LiveCheck:
    """Return every problem of every stage; never raises for what the author or a database did.

    A connection that cannot be opened is one problem, and its stages are judged no further.
    """
    with TemporaryDirectory(prefix="dataflow-check-") as folder:
        check = _Check(plan, values, Untouched(connections, Path(folder)), project, lock_timeout_s)
        for stage in plan.stages:
            check.judge(stage)
    order = list(plan.pipeline.nodes)
    problems = sorted(check.problems, key=lambda one: order.index(one.node) if one.node in order else -1)
    return LiveCheck(tuple(problems), check.columns)


@dataclass
class Untouched:
    """Connections as they are, but that a database file which does not exist yet is an empty one elsewhere."""

    connections: Connections
    folder: Path

    def get(self, conn_id: str) -> ConnectionSpec:
        found = self.connections.get(conn_id)
        path = found.host or (f"/{found.schema.removeprefix('/')}" if found.schema else None)
        if found.conn_type not in _FILE_ENGINES or path in (None, MEMORY) or Path(str(path)).expanduser().exists():
            return found
        return replace(found, host=str(self.folder / conn_id), schema=None)


@dataclass
class _Check:
    """The stages judged so far."""

    plan: Plan
    values: RunValues
    connections: Untouched
    project: Project
    lock_timeout_s: float | None
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, Columns] = field(default_factory=dict)
    foretold: Foretold = field(default_factory=Foretold)
    arrow: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)

    def judge(self, stage: Stage) -> None:
        """Add what is wrong with the stage, and what later ones must know of it."""
        if stage.connection in self.unreachable:
            return
        opened = False
        try:
            with open_session(
                self.plan, stage, self.connections, self.project, read_only=True, lock_timeout_s=self.lock_timeout_s
            ) as session:
                opened = True
                _StageCheck(self, stage, session).run()
        except DataflowError as error:
            if not opened:
                self.unreachable.add(stage.connection)
            self.add(self._of_connection(stage, error))

    def add(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _of_connection(self, stage: Stage, error: DataflowError) -> Problem:
        node = next(
            (one for one in stage.nodes if self.plan.pipeline.nodes[one].connection == stage.connection), stage.id
        )
        path: tuple[str, ...] = ("nodes", error.place.node or node)
        if self.plan.pipeline.nodes[path[1]].connection is not None:
            path = (*path, "connection")
        said = error.message
        message = said if f"`{stage.connection}`" in said else f"connection `{stage.connection}`: {said}"
        return Problem(error.code, path, self._masked(stage, message), error.hint)

    def _masked(self, stage: Stage, text: str) -> str:
        """Drivers may repeat what they were given."""
        try:
            spec = self.connections.get(stage.connection)
        except DataflowError:
            return text
        for secret in (spec.password, *spec.extra.values()):
            if isinstance(secret, str) and len(secret) > 2:
                text = text.replace(secret, _MASK)
        return text


@dataclass
class _StageCheck:
    """One stage in its session."""

    check: _Check
    stage: Stage
    session: SqlSession
    schemas: dict[str, Columns] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plan = self.check.plan
        self.dialect = get_dialect(self.stage.dialect)
        self.store = get_file_store("file")

    def run(self) -> None:
        for one in self.stage.inputs:
            self._take(one)
        reads = self._sources()
        destination = self._destination()
        paths = StagePaths(reads, {} if destination is None else {self.stage.id: destination})
        found = rehearse_stage(
            self.plan, self.stage, self.check.values, self.schemas, self.session, paths, frozenset(self.absent)
        )
        for problem in found.problems:
            if not self._is_foretold(problem):
                self.check.add(problem)
        self.check.columns |= {
            key: columns for key, columns in found.columns.items() if key.partition(".")[0] in self.stage.nodes
        }
        self._judge_target(found)
        self._hand_on(found)

    # ------------------------------------------------------------ what comes in

    def _take(self, one: StageInput) -> None:
        """The columns of an input are known as they will be on this connection."""
        key = one.node if one.port is None else f"{one.node}.{one.port}"
        upstream = self.plan.stage(one.stage)
        known = self.check.columns.get(key)
        if known is None:
            return
        if upstream.connection != self.stage.connection and {upstream.dialect, self.stage.dialect} != {"duckdb"}:
            with self._noted(("nodes", one.node)):
                known = {name: self._arriving(key, name) for name in known}
        self.schemas[key] = without_unknown(known)

    def _arriving(self, key: str, name: str) -> str:
        kind = self.check.arrow.get(key, {}).get(name)
        return "" if kind is None else self.session.column_type(incoming_column(name, kind))

    def _sources(self) -> dict[str, tuple[str, ...]]:
        """Look at every table and file that the stage reads; return the files."""
        files: dict[str, tuple[str, ...]] = {}
        for node in self.stage.nodes:
            spec = self.plan.graph.nodes[node].spec
            if isinstance(spec, SqlSource) and spec.table is not None:
                with self._noted(("nodes", node, "table"), node):
                    self._look_at_table(node, spec, spec.table)
            elif isinstance(spec, SourceBase) and self._comes_later(spec):
                self.absent.add(node)
            elif isinstance(spec, FileSource):
                with self._noted(("nodes", node, "path"), node):
                    files[node] = self.store.find(node, spec.path, self.check.project)
        return files

    def _comes_later(self, spec: SourceBase) -> bool:
        """Return whether its rows are not there to be looked at: a connector or an earlier stage brings them."""
        if reads_or_writes_itself(spec):
            return True
        return isinstance(spec, FileSource) and self.check.foretold.writes(spec, self.check.project)

    def _look_at_table(self, node: str, spec: SqlSource, written: str) -> None:
        try:
            table = self.dialect.publish.table(written)
        except ValueError:
            return  # The compiler says what is wrong with the name.
        connection, foretold = self.stage.connection, self.check.foretold
        coming = foretold.columns_of(connection, table)
        if coming is not None:
            self.schemas[node] = without_unknown(coming)
            self.absent.add(node)
            return
        if foretold.may_change(connection, table):
            self.absent.add(node)
            return
        columns = self.session.columns_of(table)
        if columns is None:
            self.absent.add(node)
            self.check.add(missing_table(self.session, self.dialect, node, written, connection))
            return
        for problem in check_declared(self.dialect, node, spec, columns):
            self.check.add(problem)

    def _is_foretold(self, problem: Problem) -> bool:
        """Return whether a database refuses a query only since what it reads is not there yet."""
        spec = self.plan.pipeline.nodes.get(problem.node or "")
        if problem.code != "DF-SQL-020" or not isinstance(spec, SqlSource):
            return False
        return self.check.foretold.may_answer(self.stage.connection, spec)

    # ------------------------------------------------------------ what goes out

    def _destination(self) -> str | None:
        spec = self.plan.graph.nodes[self.stage.id].spec
        if not isinstance(spec, FileTarget) or reads_or_writes_itself(spec):
            return None
        self.check.foretold.add_file(spec, self.check.project)
        marker = run_marker(self.check.values.run_id, self.plan.pipeline.id, self.stage.id)
        temporary = None
        with self._noted(("nodes", self.stage.id, "path")):
            temporary = self.store.destination(self.stage.id, spec, self.check.project, marker).temporary
        return temporary

    def _judge_target(self, found: Rehearsed) -> None:
        head = self.plan.graph.nodes[self.stage.id]
        if not isinstance(head.spec, SqlTarget):
            return
        given = head.inputs[0]
        columns = found.columns.get(given.node if given.port is None else f"{given.node}.{given.port}")
        if columns and found.compiled is not None and found.compiled.target is not None:
            with self._noted(("nodes", head.id, "write" if head.spec.write.keys else "table")):
                self._fit(found.compiled.target, found, columns)
        self.check.foretold.add_hooks(self.stage, head.spec)

    def _fit(self, target: SqlTarget, found: Rehearsed, columns: Columns) -> None:
        if found.compiled is None:
            return
        output, values = found.compiled.outputs[0], self.check.values
        ctx = write_context(self.plan.pipeline.id, target, output, values, self.session, self.dialect, columns)
        coming = self.check.foretold.columns_of(self.stage.connection, ctx.table)
        if coming is not None:
            ctx = ctx.with_target(coming)
        self.check.foretold.add_table(self.stage, ctx)
        if self.check.foretold.may_change(self.stage.connection, ctx.table):
            return
        refuse_early(ctx)
        for problem in remarks(ctx) if ctx.target_columns is not None and not target.pre_sql else ():
            self.check.add(problem)

    def _hand_on(self, found: Rehearsed) -> None:
        """Note by which types the kept rows leave for other connections."""
        readers = [
            one for stage in self.plan.stages for one in stage.inputs if stage.connection != self.stage.connection
        ]
        for one in readers:
            key = one.node if one.port is None else f"{one.node}.{one.port}"
            if one.stage == self.stage.id and key not in self.check.arrow:
                known = found.columns.get(key, {})
                self.check.arrow[key] = {name: self.session.arrow_type(name, text) for name, text in known.items()}

    @contextmanager
    def _noted(self, path: tuple[str, ...], node: str | None = None) -> Iterator[None]:
        """An error from inside is a problem at the path; the node, when given, is not looked at again."""
        try:
            yield
        except DataflowError as error:
            if node is not None:
                self.absent.add(node)
            spot = path if error.place.node in (None, path[1]) else ("nodes", str(error.place.node))
            self.check.add(Problem(error.code, spot, error.message, error.hint))
            if not isinstance(error, AuthorError) and error.code.startswith("DF-CONN"):
                raise
