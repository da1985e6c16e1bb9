"""`dataflow ai sql|assist PATH --node N`: proposals for people to look at; only `--approve` changes the file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from dataflow_provider.ai.assist import Mapped, Suggestion, ask_for_rules, merge_suggestions, suggest_mapping
from dataflow_provider.ai.assist import suggest_rules as rules_of
from dataflow_provider.ai.cache import FileCache
from dataflow_provider.ai.models import Model, Spent, open_model
from dataflow_provider.ai.sql import Wish, approved_query, propose_query
from dataflow_provider.cli.airflow_connections import command_connections
from dataflow_provider.cli.commands.run import logged, one_file
from dataflow_provider.cli.output import print_json
from dataflow_provider.compiler.check import check_pipeline
from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.inference import infer_schemas
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.execution.stage import open_session
from dataflow_provider.preview.profile import profile_node
from dataflow_provider.preview.rows import Asked, preview_rows
from dataflow_provider.spec.edges import inputs_of
from dataflow_provider.spec.edit import block_text, edited_text, text_hash, write_guarded
from dataflow_provider.spec.findings import InvalidPipelineError, Severity
from dataflow_provider.spec.loader import Loaded, parse_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import DEFAULT_MODEL_CONNECTION, AiAssist, AiSql, NodeBase, SqlTarget
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.suggestions import did_you_mean

NodeT = TypeVar("NodeT", bound=NodeBase)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("sql", "assist"), help="propose the query of an `ai.sql`, or suggest rules")
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file")
    parser.add_argument("--node", metavar="N", required=True, help="the `ai.sql` or `ai.assist` node")
    parser.add_argument("--model", metavar="CONN", help="connection of the model, instead of the node's own")
    parser.add_argument(
        "--approve", action="store_true", help="sql: write the query that was last proposed into the file"
    )


def run(args: argparse.Namespace) -> int:
    """Print a proposal; with `--approve` take the last one.

    JSON of sql: `{"node", "query", "explanation", "model", "approved": bool, "requests", "input_tokens",
    "output_tokens", "cost"}`. JSON of assist: `{"node", "task", "suggestions": […], "yaml"}`, where a suggestion is
    `{"rule", "reason", "confidence", "by"}`, or `{"source", "target", "confidence", "reason"}` for a mapping.
    """
    loaded, pipeline = _load(args.path, args.node)
    with logged(verbose=False):
        document = _sql(args, loaded, pipeline) if args.what == "sql" else _assist(args, pipeline)
    if args.json:
        print_json(document)
    else:
        sys.stdout.write(_shown(document))
    return 0


def _load(path: Path, node: str) -> tuple[Loaded, Pipeline]:
    """Return the file; what its AI nodes still lack is no hindrance."""
    files, found = one_file(path)
    errors = [one for one in found if one.severity is Severity.ERROR and one.code != "DF-AI-001"]
    if errors or not files or files[0].pipeline is None:
        raise InvalidPipelineError(errors or found)
    return files[0], files[0].pipeline


def _node(pipeline: Pipeline, node: str, kind: type[NodeT], name: str) -> NodeT:
    spec = pipeline.nodes.get(node)
    if not isinstance(spec, kind):
        fitting = [one for one, other in pipeline.nodes.items() if isinstance(other, kind)]
        raise AuthorError(
            "DF-AI-022",
            f"`{node}` is no `{name}` node of this pipeline",
            hint=did_you_mean(node, fitting) or f"Its nodes of that type: {', '.join(fitting) or 'none'}.",
        )
    return spec


def _model(args: argparse.Namespace, spec: NodeBase, connections: Connections) -> Model:
    return open_model(connections.get(args.model or spec.connection or DEFAULT_MODEL_CONNECTION))


# ---------------------------------------------------------------- sql


def _sql(args: argparse.Namespace, loaded: Loaded, pipeline: Pipeline) -> dict[str, Any]:
    spec = _node(pipeline, args.node, AiSql, "ai.sql")
    project = Project.of(args.path)
    cache = FileCache.of(project)
    wish = _wish(pipeline, args.node, spec, project)

    if args.approve:
        query = approved_query(wish, cache)
        faults = _faults(loaded, args.node, query)
        if faults:
            raise AuthorError("DF-AI-020", f"the proposed query is refused: {faults[0]}", place=Place(node=args.node))
        write_guarded(args.path, text_hash(loaded.text), _frozen(loaded, args.node, query))
        return {"node": args.node, "query": query, "approved": True}
    model = _model(args, spec, command_connections(project))
    found = propose_query(wish, model, lambda query: _faults(loaded, args.node, query), cache)
    return {
        "node": args.node,
        "query": found.query,
        "explanation": found.explanation,
        "model": found.model,
        "approved": False,
        **_spent(found.spent),
    }


def _wish(pipeline: Pipeline, node: str, spec: AiSql, project: Project) -> Wish:
    """Return what the query is for; columns that the text does not tell are looked up in the database."""
    graph = build_graph(pipeline)
    kinds = infer_schemas(pipeline, graph).kinds
    inputs: dict[str, Mapping[str, str] | None] = {}
    for given in graph.nodes[node].inputs:
        key = given.node if given.port is None else f"{given.node}.{given.port}"
        known = kinds.get(key)
        inputs[given.name] = known if known else _looked_up(pipeline, key, project)
    return Wish(project.workspace, pipeline.id, node, spec.prompt, graph.nodes[node].dialect, inputs)


def _looked_up(pipeline: Pipeline, key: str, project: Project) -> dict[str, str] | None:
    rows = preview_rows(pipeline, Asked(key, {}, None), command_connections(project), project, limit=1)
    return {one.name: one.type for one in rows.columns}


def _frozen(loaded: Loaded, node: str, query: str) -> str:
    def freeze(document: dict[str, Any]) -> None:
        document["nodes"][node]["query"] = block_text(query)

    return edited_text(loaded, freeze)


def _faults(loaded: Loaded, node: str, query: str) -> list[str]:
    """Return what is wrong with the pipeline once the query is the node's; other nodes' faults are theirs."""
    changed = parse_pipeline(_frozen(loaded, node, query), loaded.file)
    found = [
        one.message for one in changed.findings if one.severity is Severity.ERROR and one.node in (node, None)
    ]  # fmt: skip
    if changed.pipeline is None or found:
        return found or ["the file cannot be read with it"]
    problems = check_pipeline(changed.pipeline)
    return [one.message for one in problems if one.severity is Severity.ERROR and one.node == node]


def _spent(spent: Spent) -> dict[str, Any]:
    return {
        "requests": spent.requests,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost": spent.cost,
    }


# ---------------------------------------------------------------- assist


def _assist(args: argparse.Namespace, pipeline: Pipeline) -> dict[str, Any]:
    spec = _node(pipeline, args.node, AiAssist, "ai.assist")
    project = Project.of(args.path)
    connections = command_connections(project)
    before = str(inputs_of(spec)[0])
    profile = profile_node(pipeline, Asked(before, {}, None), connections, project).to_json()
    if spec.task == "mapping":
        mapped = _mapping(pipeline, args.node, profile, connections, project)
        return {"node": args.node, "task": spec.task, "suggestions": [one.to_json() for one in mapped],
                "yaml": _select_yaml(before, mapped)}  # fmt: skip
    rules = rules_of(profile)
    if args.model or spec.connection:
        more, _ = ask_for_rules(profile, spec.prompt, _model(args, spec, connections))
        rules = merge_suggestions(rules, more)
    return {"node": args.node, "task": spec.task, "suggestions": [one.to_json() for one in rules],
            "yaml": _rules_yaml(before, rules)}  # fmt: skip


def _mapping(
    pipeline: Pipeline, node: str, profile: Mapping[str, Any], connections: Connections, project: Project
) -> list[Mapped]:
    """Return where the columns go in the pipeline's one target table."""
    targets = {one: spec for one, spec in pipeline.nodes.items() if isinstance(spec, SqlTarget)}
    if len(targets) != 1:
        raise AuthorError(
            "DF-AI-023",
            f"a mapping is to one target table, and the pipeline has {len(targets)}",
            place=Place(node=node),
            hint="Suggest mappings in a pipeline with one target.",
        )
    ((target, spec),) = targets.items()
    clean = pipeline.model_copy(update={"nodes": {k: v for k, v in pipeline.nodes.items() if k != node}})
    plan = plan_pipeline(clean)
    with open_session(plan, plan.stage(target), connections, project, read_only=True) as session:
        columns = session.columns_of(get_dialect(plan.stage(target).dialect).publish.table(spec.table))
    if columns is None:
        raise AuthorError(
            "DF-AI-023",
            f"the target table `{spec.table}` is not there yet, so there is nothing to map to",
            place=Place(node=target),
            hint="Create the table first.",
        )
    return suggest_mapping({one["name"]: one["type"] for one in profile["columns"]}, columns)


def _rules_yaml(before: str, rules: list[Suggestion]) -> str:
    lines = ["type: quality.column_rules", f"from: {before}", "severity: warn", "rules:"]
    return "\n".join([*lines, *(f"  - {_flow(one.rule)}" for one in rules)]) + "\n" if rules else ""


def _select_yaml(before: str, mapped: list[Mapped]) -> str:
    found = [one for one in mapped if one.target is not None]
    lines = ["type: transform.select", f"from: {before}", "columns:"]
    return "\n".join([*lines, *(f"  - {_flow({'name': one.source, 'as': one.target})}" for one in found)]) + "\n"


def _flow(value: Mapping[str, Any]) -> str:
    """Return a map on one line; JSON is YAML."""
    return "{" + ", ".join(f"{key}: {json.dumps(item, ensure_ascii=False)}" for key, item in value.items()) + "}"


def _shown(document: Mapping[str, Any]) -> str:
    if "query" in document:
        state = "approved, and written into the file" if document["approved"] else "proposed; take it with --approve"
        told = f"\n-- {document['explanation']}" if document.get("explanation") else ""
        return f"-- node {document['node']}: {state}{told}\n{document['query']}\n"
    lines = []
    for one in document["suggestions"]:
        said = _flow(one["rule"]) if "rule" in one else f"{one['source']} → {one['target'] or '–'}"
        lines.append(f"{one['confidence']:4.0%}  {said}  ({one['reason']})")
    return "\n".join([*(lines or ["nothing to suggest"]), "", document["yaml"]])
