"""A stage becomes statements: one per output, each a SELECT with one common table expression a node.

The same function serves a run (with a database to ask for columns) and `dataflow compile` (without one).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from dataflow_provider.compiler.blame import blame_nodes
from dataflow_provider.compiler.compiled import Columns, CompiledStage, Gate, Kept, Output, Probe, Schemas, StagePaths
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph, GraphInput, GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.enrich import describe_enrich
from dataflow_provider.compiler.lowering.files import copy_statement
from dataflow_provider.compiler.lowering.gates import build_gates
from dataflow_provider.compiler.lowering.registry import lower_of
from dataflow_provider.compiler.lowering.targets import bind_target
from dataflow_provider.compiler.lowering.tree import alias, select, star, table
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import describe_request, extract_request, load_request, raw_table
from dataflow_provider.compiler.passes.inside import Fused, find_kept
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render
from dataflow_provider.dialects.steps import Figure, Step
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.nodes import AiEnrich, FileTarget, SourceBase, SqlTarget, TargetBase

Stop = Mapping[str, tuple[str, ...]]
"""Common table expression → the parts of the temporary table that already holds its rows."""


def compile_stage(
    plan: Plan,
    stage: Stage,
    values: RunValues,
    schemas: Schemas | None = None,
    *,
    probe: Probe | None = None,
    paths: StagePaths | None = None,
) -> CompiledStage:
    """Return what the stage runs, with this run's values bound.

    With a `probe` (an open session) every node's columns are looked up, and the database judges each node before any
    row moves. Without one columns are inferred from the text and `schemas`; where they are not known, statements are
    written so that they need not be.

    Raises:
        CompileError: with every problem of the stage.
    """
    scope = Lowering(
        plan.pipeline,
        plan.graph,
        get_dialect(stage.dialect),
        values,
        schemas or {},
        probe,
        paths or StagePaths(),
    )
    return finish_stage(scope, plan, stage, lower_stage(scope, plan, stage))


def lower_stage(scope: Lowering, plan: Plan, stage: Stage) -> SqlTarget | None:
    """Lower every node of the stage; return its target with this run's values, None when it writes no table."""
    lower_nodes(scope, (plan.graph.nodes[node] for node in stage.nodes), stage)
    head = plan.graph.nodes[stage.id]
    return bind_target(scope, head, head.spec) if isinstance(head.spec, SqlTarget) else None


def finish_stage(scope: Lowering, plan: Plan, stage: Stage, target: SqlTarget | None) -> CompiledStage:
    """Return the stage whose nodes are lowered.

    Raises:
        CompileError: with every problem of the stage that is an error.
    """
    errors = [problem for problem in scope.problems if problem.severity is Severity.ERROR]
    if errors:
        raise CompileError(errors)
    head = plan.graph.nodes[stage.id]
    outputs = _outputs(scope, plan, stage)
    try:
        kept = _find_kept(scope, head, outputs)
        gates = tuple(build_gates(scope, _tables_of(scope, outputs, kept)))
        steps = tuple(_steps(scope, plan, stage, outputs, kept, gates))
    except CompileError:
        raise
    except AuthorError as refusal:
        raise blame_nodes(scope, head.id, refusal) from refusal
    columns = known_columns(scope)
    return CompiledStage(stage, scope.dialect.name, target, steps, tuple(outputs), columns, tuple(kept.values()), gates)


def port_key(node: str, port: Port) -> str:
    """Return how columns of a port are looked up: `node`, or `node.port`."""
    return node if port is None else f"{node}.{port}"


def known_columns(scope: Lowering) -> dict[str, Columns]:
    """Return the columns of each node (`node`) and other port (`node.port`) that are known."""
    return {
        port_key(node, port): rows.columns for (node, port), rows in scope.relations.items() if rows.columns is not None
    }


def lower_nodes(scope: Lowering, nodes: Iterable[GraphNode], stage: Stage | None = None) -> None:
    """Lower the nodes, which come in topological order; without a stage all of them, to be checked."""
    members = list(nodes)
    scope.reserve_names(members)
    for node in members:
        lower_node(scope, node, stage)


def lower_node(scope: Lowering, node: GraphNode, stage: Stage | None = None) -> None:
    """Lower one node whose inputs are lowered, with its names kept free; one of a type without SQL is left alone."""
    lower = lower_of(node.spec)
    if lower is None:
        return
    try:
        lower(scope, node, node.spec, used_ports(scope.graph, node, stage))
    except RecursionError:
        scope.problem(
            node.id, (), "DF-SQL-001", "the SQL of this node is nested too deeply", "Split it over several nodes."
        )


def used_ports(graph: Graph, node: GraphNode, stage: Stage | None) -> list[Port]:
    """Return the ports that somebody reads; of the last node of a stage, those that the stage keeps."""
    if stage is not None and stage.id == node.id:
        return list(stage.ports)
    readers = (graph.nodes[reader] for reader in graph.consumers[node.id])
    members = None if stage is None else set(stage.nodes)
    return list(
        dict.fromkeys(
            given.port
            for reader in readers
            if members is None or reader.id in members
            for given in reader.inputs
            if given.node == node.id
        )
    )


# ---------------------------------------------------------------- statements


def _outputs(scope: Lowering, plan: Plan, stage: Stage) -> list[Output]:
    head = plan.graph.nodes[stage.id]
    values = scope.values or RunValues("")
    outputs = []
    for port in stage.ports:
        name = stage_table_name(plan.pipeline.id, values, head.id, port)
        columns = _rows_of(scope, head, port).columns
        outputs.append(
            Output(head.id, port, scope.dialect.stage_table(name), None if columns is None else tuple(columns))
        )
    return outputs


def _rows_of(scope: Lowering, head: GraphNode, port: Port) -> Relation:
    """Return the rows that the last node hands on; a target hands on its input."""
    given = head.inputs[0] if isinstance(head.spec, TargetBase) else GraphInput(head.id, None, head.id, port)
    return scope.input(given)


def _steps(
    scope: Lowering,
    plan: Plan,
    stage: Stage,
    outputs: list[Output],
    tables: Mapping[str, Kept],
    gates: Iterable[Gate],
) -> Iterable[Step]:
    head = plan.graph.nodes[stage.id]
    yield from _extracts(scope, plan, stage)
    yield from scope.reads
    schema = scope.dialect.create_stage_schema()
    if schema is not None:
        yield Step("stage", schema, node=head.id)
    stop: dict[str, tuple[str, ...]] = {}
    for name, kept in tables.items():
        yield from _keeps(scope, name, kept, stop)
        stop[name] = _kept_parts(scope, kept.node, kept.port)
    yield from _builds(scope, head, outputs, stop)
    yield from _measures(scope, plan, stage, outputs, stop)
    for gate in gates:
        yield Step("rules", gate.sql, node=gate.node)
    for check in scope.checks:
        sql = render(scope.statement(check.query, stop), scope.dialect)
        yield Step("check", sql, node=check.node, message=check.message)
    if isinstance(head.spec, FileTarget):
        path = scope.paths.writes.get(head.id, head.spec.path)
        sql = copy_statement(scope, head.spec, outputs[0].table, path)
        yield Step("publish", sql, node=head.id, table=head.spec.path, figure="rows_out")
    yield from _loads(scope, plan, head)
    if isinstance(head.spec, TargetBase):
        yield Step("cleanup", scope.dialect.drop_table(outputs[0].table), node=head.id, table=outputs[0].table)
    for kept in () if scope.dialect.temporary_tables else tables.values():
        yield Step("cleanup", scope.dialect.drop_table(kept.table), node=head.id, table=kept.table)


def _extracts(scope: Lowering, plan: Plan, stage: Stage) -> Iterable[Step]:
    values = scope.values or RunValues("")
    for node in (plan.graph.nodes[one] for one in stage.nodes):
        if isinstance(node.spec, AiEnrich):
            yield Step("extract", describe_enrich(node.spec), node=node.id, table=raw_table(plan, values, node))
        if not isinstance(node.spec, SourceBase) or not reads_or_writes_itself(node.spec):
            continue
        told = describe_request(node.spec, extract_request(plan, node, node.spec, values, None))
        yield Step("extract", told, node=node.id, table=raw_table(plan, values, node))


def _loads(scope: Lowering, plan: Plan, head: GraphNode) -> Iterable[Step]:
    if isinstance(head.spec, TargetBase) and reads_or_writes_itself(head.spec):
        values = scope.values or RunValues("")
        told = describe_request(head.spec, load_request(plan, head, head.spec, values, None))
        yield Step("load", told, node=head.id)


def _builds(scope: Lowering, head: GraphNode, outputs: list[Output], stop: Stop) -> Iterable[Step]:
    for output in outputs:
        query = _query_of(scope, head, output)
        if isinstance(head.spec, TargetBase):
            query.add_comments([f"node:{head.id}"])
        for sql in scope.dialect.create_stage(output.table, render(scope.statement(query, stop), scope.dialect)):
            yield Step("stage", sql, node=head.id, port=output.port, table=output.table)


def _query_of(scope: Lowering, head: GraphNode, output: Output) -> exp.Select:
    return select([star()], _rows_of(scope, head, output.port).table())


# ---------------------------------------------------------------- rows kept inside the stage


def _find_kept(scope: Lowering, head: GraphNode, outputs: list[Output]) -> dict[str, Kept]:
    """Return the tables that the stage keeps for itself, by the common table expression whose rows they hold."""
    fused = Fused(
        scope.dialect,
        scope.bodies,
        scope.reads_of,
        frozenset(scope.cheap),
        [scope.names_read(_query_of(scope, head, output)) for output in outputs],
        [scope.names_read(check.query) for check in scope.checks],
        frozenset(judged.rows.parts[0] for judged in scope.judged),
    )
    boundaries = find_kept(fused)
    return {
        name: Kept(node, port, scope.dialect.quoted(_kept_parts(scope, node, port)), *boundaries[name])
        for (node, port), rows in scope.relations.items()
        for name in rows.parts[:1]
        if name in boundaries and len(rows.parts) == 1
    }


def _tables_of(scope: Lowering, outputs: list[Output], kept: Mapping[str, Kept]) -> dict[str, tuple[str, ...]]:
    """Return the tables that rules are measured on: what the stage keeps for itself, and what it hands on."""
    found = {name: _kept_parts(scope, one.node, one.port) for name, one in kept.items()}
    values = scope.values or RunValues("")
    for output in outputs:
        rows = scope.relations.get((output.node, output.port))
        if rows is not None:
            name = stage_table_name(scope.pipeline.id, values, output.node, output.port)
            found.setdefault(rows.parts[0], scope.dialect.stage_parts(name))
    return found


def _kept_parts(scope: Lowering, node: str, port: Port) -> tuple[str, ...]:
    values = scope.values or RunValues("")
    return scope.dialect.temporary_parts(stage_table_name(scope.pipeline.id, values, node, port))


def _keeps(scope: Lowering, name: str, kept: Kept, stop: Stop) -> Iterable[Step]:
    query = scope.statement(select([star()], table((name,))), stop)
    for sql in scope.dialect.create_temporary(kept.table, render(query, scope.dialect)):
        yield Step("stage", sql, node=kept.node, port=kept.port, table=kept.table)


# ---------------------------------------------------------------- figures


def _measures(scope: Lowering, plan: Plan, stage: Stage, outputs: list[Output], stop: Stop) -> Iterable[Step]:
    """Count what every source gives and what the stage keeps; rows inside a fused statement are not counted."""
    head = plan.graph.nodes[stage.id]
    for output in outputs:
        sql = f"SELECT COUNT(*) FROM {output.table}"
        figure: Figure = "rows_rejected" if output.port == REJECTED else "rows_out"
        if isinstance(head.spec, TargetBase):
            figure = "rows_in"
        yield Step("measure", sql, node=head.id, port=output.port, table=output.table, figure=figure)
    counted = {(output.node, output.port) for output in outputs}
    for node in stage.nodes:
        if not isinstance(plan.graph.nodes[node].spec, SourceBase):
            continue
        for port in (None, REJECTED):
            if (node, port) in scope.relations and (node, port) not in counted:
                yield _count(scope, node, port, stop)


def _count(scope: Lowering, node: str, port: Port, stop: Stop) -> Step:
    rows = scope.relations[(node, port)]
    query = select([alias(exp.Count(this=exp.Star()), "rows")], rows.table())
    figure: Figure = "rows_rejected" if port == REJECTED else "rows_out"
    return Step("measure", render(scope.statement(query, stop), scope.dialect), node=node, port=port, figure=figure)
