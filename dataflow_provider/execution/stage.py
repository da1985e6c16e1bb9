"""Runs one stage: reads, builds its stage table, checks, publishes; the same code behind every door."""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dataflow_provider.compiler.compiled import CompiledStage, Output, StagePaths
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import RAW, RAW_REJECTS
from dataflow_provider.compiler.plan import Plan, Stage, StageInput
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import FileDestination, SessionOptions, SqlSession
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.connectors.registry import REGISTRY, get_connector, get_file_store
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError, DataflowError, Place, TransientError
from dataflow_provider.execution.enriching import Asking, Enriched
from dataflow_provider.execution.gates import Gatekeeper
from dataflow_provider.execution.history import FileHistory, RowHistory
from dataflow_provider.execution.jobs import JobWatch
from dataflow_provider.execution.native import Arrived, NativeRows
from dataflow_provider.execution.publishing import publish_file, publish_table, write_context
from dataflow_provider.execution.rejected import skipped_records
from dataflow_provider.execution.results import StageResult, StageState, Transfer
from dataflow_provider.execution.stage_tables import StageTables, is_kept, readers_of
from dataflow_provider.execution.steps import StepRunner, blamed
from dataflow_provider.quality.verdicts import Circumstances
from dataflow_provider.settings import Settings
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import AiEnrich, FileSource, FileTarget, NodeBase, Scalar, SourceBase, TargetBase
from dataflow_provider.spec.project import Project
from dataflow_provider.transfer.handover import Handed, Source, hand_over
from dataflow_provider.transfer.meter import Moved
from dataflow_provider.transfer.parts import KeptParts, split_of
from dataflow_provider.write_modes.context import run_marker

logger = logging.getLogger(__name__)

BUILD_STEPS = ("read", "stage", "measure", "rules", "check")


def run_stage(
    plan: Plan,
    stage_id: str,
    values: RunValues,
    connections: Connections,
    project: Project,
    jobs: JobWatch | None = None,
    history: RowHistory | None = None,
) -> StageResult:
    """Run one stage; running it again with the same values leaves the same rows.

    Rows that an earlier stage kept and that are gone since are computed again first. With `jobs` long statements run
    as jobs of the database where its engine has them. `history` has the row counts of earlier runs; without one they
    are those in the project's state folder.

    Raises:
        DataflowError: the stage failed; its target is as it was, unless the error says otherwise.
    """
    stage = plan.stage(stage_id)
    _require_windows(plan, stage, values)
    started = time.monotonic()
    with TemporaryDirectory(prefix="dataflow-") as folder:
        handed = _fetch_foreign(plan, stage, values, connections, project, Path(folder))
        native = NativeRows(plan, stage, values, connections, project, Path(folder))
        enriched = _enrich(plan, stage, values, connections, project, Path(folder))
        arrived = native.read() if enriched is None else (enriched.arrived,)
        # Every stage before this one may have to be computed again, each of them once.
        for _ in plan.stages:
            with open_session(plan, stage, connections, project) as session:
                run = StageRun(plan, stage, values, project, session, handed, jobs, arrived, native.outgoing, history)
                lost = run.lost_inputs()
                if not lost:
                    result = run.run(started)
                    if enriched is not None:
                        StageTables(session, run.dialect, plan, values).drop((enriched.numbered,))
                        result = enriched.told(result)
                    break
            for upstream in lost:
                _compute_again(plan, upstream, values, connections, project)
        else:
            raise _still_lost(stage_id)
        if native.outgoing is not None:
            result = native.published(result, native.write(native.outgoing), time.monotonic() - started)
            if stage.inputs:
                with open_session(plan, stage, connections, project) as session:
                    StageRun(plan, stage, values, project, session, handed).release_inputs()
    _release(plan, stage, _foreign_inputs(plan, stage), values, connections, project)
    shutil.rmtree(parts_folder(plan, stage, values, project), ignore_errors=True)
    return result


def _require_windows(plan: Plan, stage: Stage, values: RunValues) -> None:
    """Refuse a stage whose incremental source would be read as a whole."""
    for node in stage.nodes:
        spec = plan.graph.nodes[node].spec
        if isinstance(spec, SourceBase) and spec.incremental is not None and node not in values.windows:
            raise AuthorError(
                "DF-RUN-080",
                f"`{node}` is read incrementally, and there is nowhere to keep its watermark",
                place=Place(node=node),
                hint="Run it with `dataflow run`, or as the Dag of its file; tasks of your own need inlets (docs).",
            )


def _enrich(
    plan: Plan, stage: Stage, values: RunValues, connections: Connections, project: Project, folder: Path
) -> Enriched | None:
    """Return what a model said of the rows that the stage reads; None when it asks none.

    The rows are numbered in their database first. No session is open while the model is asked.
    """
    node = plan.graph.nodes[stage.id]
    if not isinstance(node.spec, AiEnrich):
        return None
    with blamed(node.id):
        asking = Asking(plan, node, node.spec, values, connections, project, folder)
        for _ in plan.stages:
            with open_session(plan, stage, connections, project) as session:
                table = input_table(plan, values, get_dialect(stage.dialect), stage.inputs[0])
                if session.columns_of(table) is not None:
                    asking.number(StageTables(session, get_dialect(stage.dialect), plan, values), table)
                    break
            _compute_again(plan, stage.inputs[0].stage, values, connections, project)
        else:
            raise _still_lost(stage.id)
        return asking.ask()


def _compute_again(plan: Plan, upstream: str, values: RunValues, connections: Connections, project: Project) -> None:
    logger.info("the kept rows of stage=%s are gone, computing them again run_id=%s", upstream, values.run_id)
    run_stage(plan, upstream, values, connections, project)


def _still_lost(stage_id: str) -> TransientError:
    return TransientError(
        "DF-RUN-050",
        f"the rows that stage `{stage_id}` reads went away again while it waited",
        hint="Another run of the same run id is at work; wait for it.",
    )


# ---------------------------------------------------------------- rows of other connections


def _foreign_inputs(plan: Plan, stage: Stage) -> list[StageInput]:
    return [one for one in stage.inputs if plan.stage(one.stage).connection != stage.connection]


def _fetch_foreign(
    plan: Plan, stage: Stage, values: RunValues, connections: Connections, project: Project, folder: Path
) -> dict[str, Handed]:
    """Return the rows of each input that lies on another connection, by the input's quoted table name.

    Each connection that others wait for is left before the next is opened: two pipelines that hold one database each
    and wait for the other's would wait for ever.
    """
    handed: dict[str, Handed] = {}
    for number, one in enumerate(_foreign_inputs(plan, stage)):
        upstream = plan.stage(one.stage)
        table = input_table(plan, values, get_dialect(upstream.dialect), one)
        path = folder / f"{number}.arrow"
        for _ in plan.stages:
            with open_session(plan, upstream, connections, project, read_only=True) as session:
                if session.columns_of(table) is not None:
                    again = partial(open_session, plan, upstream, connections, project, read_only=True)
                    dialect, same_engine = get_dialect(upstream.dialect), upstream.dialect == stage.dialect
                    build = StageTables(session, dialect, plan, values).build_of(table)
                    kept = KeptParts(parts_folder(plan, stage, values, project), build) if build else None
                    source = Source(session, again, dialect, table, same_engine, split_of(plan, upstream), kept)
                    with blamed(one.node):
                        rows = hand_over(source, path)
                    break
            _compute_again(plan, one.stage, values, connections, project)
        else:
            raise _still_lost(stage.id)
        handed[input_table(plan, values, get_dialect(stage.dialect), one)] = rows
    return handed


def release_inputs(
    plan: Plan, stage: Stage, values: RunValues, connections: Connections, project: Project, *, without: Container[str]
) -> None:
    """A stage that is not run has read its inputs all the same, but those of stages in `without`, which made none."""
    inputs = [one for one in stage.inputs if one.stage not in without]
    _release(plan, stage, inputs, values, connections, project)


def rows_stand(
    stage: Stage,
    ports: Iterable[str | None],
    plan: Plan,
    values: RunValues,
    connections: Connections,
    project: Project,
) -> bool:
    """Return whether the rows that the stage keeps of its ports are there, as it has left them."""
    with open_session(plan, stage, connections, project, read_only=True) as session:
        dialect = get_dialect(stage.dialect)
        tables = StageTables(session, dialect, plan, values)
        inputs = (StageInput(stage.id, port, stage.id) for port in ports)
        outputs = (Output(one.node, one.port, input_table(plan, values, dialect, one), None) for one in inputs)
        return all(tables.stands(output) for output in outputs)


def _release(
    plan: Plan,
    stage: Stage,
    inputs: Iterable[StageInput],
    values: RunValues,
    connections: Connections,
    project: Project,
) -> None:
    for one in inputs:
        upstream = plan.stage(one.stage)
        with open_session(plan, upstream, connections, project) as session:
            tables = StageTables(session, get_dialect(upstream.dialect), plan, values)
            tables.prepare()
            release(plan, tables, one, input_table(plan, values, tables.dialect, one), stage.id)


def input_table(plan: Plan, values: RunValues, dialect: SqlDialect, one: StageInput) -> str:
    """Return the quoted name of the table that holds the rows of an input, the same on every connection."""
    return dialect.stage_table(stage_table_name(plan.pipeline.id, values, one.node, one.port))


def release(plan: Plan, tables: StageTables, one: StageInput, table: str, reader: str) -> None:
    """The reader is done with an input; the table goes with its last reader unless it is a checkpoint."""
    tables.mark_read(table, reader)
    kept = is_kept(plan, plan.stage(one.stage))
    if not kept and tables.is_read_by_all(table, readers_of(plan, one.node, one.port)):
        tables.drop((table,))


# ---------------------------------------------------------------- one session


def parts_folder(plan: Plan, stage: Stage, values: RunValues, project: Project) -> Path:
    """Return where parts that were read for a stage of one run wait for another try of it."""
    named = "\n".join((plan.pipeline.id, stage.id, values.run_id, values.workspace, values.environment or ""))
    return project.state_folder / "parts" / hashlib.sha256(named.encode()).hexdigest()[:32]


@contextmanager
def open_session(
    plan: Plan,
    stage: Stage,
    connections: Connections,
    project: Project,
    *,
    read_only: bool = False,
    lock_timeout_s: float | None = None,
) -> Iterator[SqlSession]:
    """Open a session on the stage's connection, alone unless `read_only`, with the session settings of its nodes.

    A busy embedded database is waited for as the settings say, or for `lock_timeout_s`.

    Raises:
        AuthorError: when the connection is missing, of another engine, or two nodes set one setting differently.
    """
    connection = connections.get(stage.connection)
    found = REGISTRY.of_connection_type(connection.conn_type)
    if found is None or found.dialect != stage.dialect:
        raise AuthorError(
            "DF-RUN-051",
            f"connection `{stage.connection}` is of type `{connection.conn_type}`, and the pipeline uses it as "
            f"`{stage.dialect}`",
            place=Place(node=stage.id),
            hint="Name another connection, or change the type of the node.",
        )
    options = SessionOptions(
        holder=Holder(plan.pipeline.id, stage.id),
        read_only=read_only,
        file_roots=project.file_roots,
        lock_timeout_s=Settings.load().warehouse_lock_timeout_s if lock_timeout_s is None else lock_timeout_s,
        settings=_session_settings(plan, stage),
        fetch_size=_smallest(plan, stage, SourceBase, "fetch_size"),
        batch_size=_smallest(plan, stage, TargetBase, "batch_size"),
    )
    with get_connector(found.name).open(connection, options) as session:
        yield session


def _smallest(plan: Plan, stage: Stage, kind: type[NodeBase], field: str) -> int | None:
    """Return the smallest that nodes of a kind say in the stage; None when none says it."""
    specs = (plan.graph.nodes[node].spec for node in stage.nodes)
    said = (getattr(spec, field) for spec in specs if isinstance(spec, kind))
    return min((number for number in said if number is not None), default=None)


def _session_settings(plan: Plan, stage: Stage) -> dict[str, Scalar]:
    settings: dict[str, Scalar] = {}
    for node in stage.nodes:
        for name, value in plan.graph.nodes[node].spec.session.items():
            if settings.setdefault(name, value) != value:
                raise AuthorError(
                    "DF-RUN-052",
                    f"`session.{name}` is set differently by two nodes of stage `{stage.id}`, which run in one session",
                    place=Place(node=node),
                    hint="Set it once, or give one of the nodes a task of its own (`retries`).",
                )
    return settings


@dataclass
class StageRun:
    """One try of one stage in one session."""

    plan: Plan
    stage: Stage
    values: RunValues
    project: Project
    session: SqlSession
    handed: Mapping[str, Handed]
    jobs: JobWatch | None = None
    arrived: Sequence[Arrived] = ()
    outgoing: Path | None = None
    history: RowHistory | None = None

    def __post_init__(self) -> None:
        self.dialect: SqlDialect = get_dialect(self.stage.dialect)
        self.transfers: list[Transfer] = []
        # In a transaction a stage is built by its session, as a job is on its own.
        self.runner = StepRunner(self.session, self.jobs if self.dialect.transaction.ddl_commits else None)
        self.tables = StageTables(self.session, self.dialect, self.plan, self.values)
        self.store = get_file_store("file")

    def lost_inputs(self) -> tuple[str, ...]:
        """Return the earlier stages whose kept rows are not there."""
        tables = {input_table(self.plan, self.values, self.dialect, one): one.stage for one in self.stage.inputs}
        lost = (
            stage
            for table, stage in tables.items()
            if table not in self.handed and self.session.columns_of(table) is None
        )
        return tuple(dict.fromkeys(lost))

    def run(self, started: float) -> StageResult:
        """Do the stage's work; `started` is when it began to wait, by the monotonic clock."""
        with blamed(self.stage.id):
            self.tables.prepare()
            self._take_over()
            destination = self._destination()
            compiled = compile_stage(
                self.plan, self.stage, self.values, probe=self.session, paths=self._paths(destination)
            )
            self.runner.gates = gates = self._gates(compiled)
            self._build(compiled)
            problems = [*self._skipped(), *self._publish(compiled, destination)]
            if self.outgoing is not None:
                self.session.export_rows(f"SELECT * FROM {compiled.outputs[0].table}", self.outgoing)
            self._leave(compiled)
        self._remember(gates)
        return self._result(time.monotonic() - started, problems, compiled)

    def _gates(self, compiled: CompiledStage) -> Gatekeeper:
        return Gatekeeper(self.session, compiled.gates, Circumstances(datetime.now(UTC), self._history.earlier))

    @property
    def _history(self) -> RowHistory:
        return self.history or FileHistory.of(self.plan.pipeline.id, self.values, self.project)

    def _remember(self, gates: Gatekeeper) -> None:
        for gate in gates.gates:
            if any(rule.kind == "history" for rule in gate.rules):
                self._history.keep(gate.node, gates.rows[gate.node].checked)

    def _take_over(self) -> None:
        """The rows of other connections stand in stage tables of this one, for the time of this run."""
        for one in self.stage.inputs:
            table = input_table(self.plan, self.values, self.dialect, one)
            if table in self.handed:
                # First, so that the table is neither somebody else's nor forgotten after a crash.
                self.tables.register((Output(one.node, one.port, table, None),), "")
                self._took_over(one, self.handed[table].put(self.session, table))
        for rows in self.arrived:
            self.tables.register((Output(rows.node, RAW if rows.port is None else RAW_REJECTS, rows.table, None),), "")
            self.session.import_rows(rows.table, rows.path)

    def _skipped(self) -> Iterator[Problem]:
        """Yield a warning for each source that left out records; those that a connector left out count as rejected."""
        told = {rows.node: rows.skipped for rows in self.arrived if rows.skipped is not None}
        for node, skipped in told.items():
            self.runner.add(node, "rows_rejected", skipped.rows)
        for node in self.stage.nodes:
            if getattr(self.plan.graph.nodes[node].spec, "on_bad_record", None) == "skip":
                rows = self.runner.figures.get((node, "rows_rejected"), 0)
                if rows:
                    yield skipped_records(node, rows, told[node].first if node in told else "")

    def _took_over(self, one: StageInput, moved: Moved) -> None:
        source = self.plan.stage(one.stage).connection
        self.transfers.append(
            Transfer(one.node, one.port, source, self.stage.connection, moved.rows, moved.size_bytes, moved.seconds)
        )

    def _build(self, compiled: CompiledStage) -> None:
        """The stage's tables stand and its figures are known, all from one snapshot; on failure nothing is left."""
        digest = hashlib.sha256("\n".join(step.sql for step in compiled.steps).encode()).hexdigest()
        made = self.dialect.create_stage_schema()
        steps = [step for step in compiled.steps if step.kind in BUILD_STEPS and step.sql != made]
        if self.dialect.transaction.ddl_commits:
            self._build_after_ddl(compiled, steps, digest)
            return
        with self.session.transaction():
            if self.dialect.transaction.snapshot is not None:
                self.session.execute(self.dialect.transaction.snapshot)
            self.runner.run_plainly(steps)
            self.tables.register(compiled.outputs, digest)

    def _build_after_ddl(self, compiled: CompiledStage, steps: Sequence[Step], digest: str) -> None:
        """Each statement stands alone, so the tables are registered first: none is forgotten wherever this ends.

        Without a digest they are not finished. What an earlier try has left goes before they are built again, unless a
        job of that try still builds it.
        """
        built = {output.table: output for output in compiled.outputs}
        outputs = {table: Output(self.stage.id, None, table, None) for table in _left_over(compiled)} | built
        tables = list(outputs)
        self.tables.require_own(outputs.values())
        if self.jobs is None or not self.jobs.knows(step.sql for step in steps):
            self.tables.drop(tables)
        self.tables.register(outputs.values(), "")
        try:
            self.runner.run_plainly(steps)
        except DataflowError:
            self.tables.drop_if_possible(tables)
            raise
        self.tables.register(compiled.outputs, digest)

    def _publish(self, compiled: CompiledStage, destination: FileDestination | None) -> list[Problem]:
        target = self.plan.graph.nodes[self.stage.id].spec
        if isinstance(target, FileTarget) and destination is not None:
            with blamed(self.stage.id):
                publish_file(self.runner, self.store, destination, compiled)
        if compiled.target is None:
            return []
        output: Output = compiled.outputs[0]
        ctx = write_context(self.plan.pipeline.id, compiled.target, output, self.values, self.session, self.dialect)
        return publish_table(self.runner, ctx, Settings.load().warehouse_lock_timeout_s)

    def _leave(self, compiled: CompiledStage) -> None:
        """Tables that nobody needs any more are dropped: the target's own, and inputs that all their readers used."""
        self.tables.drop(_left_over(compiled))
        if self._is_last_of_a_part():
            self.tables.drop(output.table for output in compiled.outputs)
        self.tables.drop(self.handed)
        self.tables.drop(rows.table for rows in self.arrived)
        if self.outgoing is None:
            self.release_inputs()

    def _is_last_of_a_part(self) -> bool:
        """Return whether the run was asked for this node's rows alone, and they are not kept as a checkpoint."""
        is_read = any(one.stage == self.stage.id for other in self.plan.stages for one in other.inputs)
        is_target = isinstance(self.plan.graph.nodes[self.stage.id].spec, TargetBase)
        return not (is_read or is_target or is_kept(self.plan, self.stage))

    def release_inputs(self) -> None:
        """The stage is done with the rows of earlier ones; those of a connector's target, once it has written them."""
        for one in self.stage.inputs:
            table = input_table(self.plan, self.values, self.dialect, one)
            if table not in self.handed:
                release(self.plan, self.tables, one, table, self.stage.id)

    def _destination(self) -> FileDestination | None:
        target = self.plan.graph.nodes[self.stage.id].spec
        if not isinstance(target, FileTarget) or reads_or_writes_itself(target):
            return None
        values = self.values
        marker = run_marker(values.run_id, self.plan.pipeline.id, self.stage.id, values.workspace, values.environment)
        return self.store.destination(self.stage.id, target, self.project, marker)

    def _paths(self, destination: FileDestination | None) -> StagePaths:
        sources = {node: self.plan.graph.nodes[node].spec for node in self.stage.nodes}
        return StagePaths(
            reads={
                node: self.store.find(node, spec.path, self.project)
                for node, spec in sources.items()
                if isinstance(spec, FileSource) and not reads_or_writes_itself(spec)
            },
            writes={} if destination is None else {destination.node: destination.temporary},
        )

    def _result(self, seconds: float, problems: list[Problem], compiled: CompiledStage) -> StageResult:
        nodes = tuple(
            replace(self.runner.result(node, seconds), bytes=self._bytes_of(node)) for node in self.stage.nodes
        )
        for node in nodes:
            if node.counts():
                logger.info("node=%s %s", node.id, node.counts())
        last = next(node for node in nodes if node.id == self.stage.id)
        logger.info(
            "stage=%s pipeline=%s run_id=%s %s seconds=%.3f",
            self.stage.id, self.plan.pipeline.id, self.values.run_id, last.counts(), seconds,
        )  # fmt: skip
        for problem in problems:
            logger.warning("%s: %s %s", problem.code, problem.message, problem.hint or "")
        gates = self.runner.gates
        state: StageState = "warning" if gates is not None and gates.warned else "success"
        quality = () if gates is None else tuple(gates.results)
        return StageResult(
            self.stage.id,
            state,
            round(seconds, 3),
            nodes,
            tuple(problems),
            compiled,
            quality,
            transfers=tuple(self.transfers),
        )

    def _bytes_of(self, node: str) -> int | None:
        """Return what the rows that a node reads of other connections took on their way."""
        read = {(one.node, one.port) for one in self.plan.graph.nodes[node].inputs}
        came = [one.size_bytes for one in self.transfers if (one.node, one.port) in read]
        came += [rows.path.stat().st_size for rows in self.arrived if rows.node == node]
        return sum(came) if came else None


def _left_over(compiled: CompiledStage) -> tuple[str, ...]:
    """Return the tables that the stage itself cleans up: the target's own, and what it kept for several outputs."""
    return tuple(step.table for step in compiled.steps if step.kind == "cleanup" and step.table is not None)
