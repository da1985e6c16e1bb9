"""AI nodes: an approved query, a model, typed outputs; and nobody reads an assistant, which hands nothing on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import AiAssist, AiEnrich, AiSql, EnrichOutput
from dataflow_provider.spec.suggestions import did_you_mean, listed
from dataflow_provider.spec.validation.subject import Path, Subject

OUTPUT_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool, "date": str}


def validate_ai(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        check = _CHECKS.get(type(node))
        if check is not None and node.enabled:
            yield from check(node_id, node)
        for reference in subject.inputs[node_id]:
            if isinstance(subject.pipeline.nodes.get(reference.node), AiAssist):
                message = f"`{reference.node}` is an `ai.assist`: it suggests, and hands no rows on."
                yield Problem("DF-AI-002", ("nodes", node_id, "from"), message, "Read the node before it.")


def _check_sql(node_id: str, node: AiSql) -> Iterator[Problem]:
    if node.query is None:
        message = f"`{node_id}` has a prompt and no approved `query`; the query runs, and never a model."
        hint = f"See a proposal by `dataflow ai sql FILE --node {node_id}`, and take it with `--approve`."
        yield Problem("DF-AI-001", ("nodes", node_id), message, hint)


def _check_enrich(node_id: str, node: AiEnrich) -> Iterator[Problem]:
    path: Path = ("nodes", node_id)
    for name, output in node.outputs.items():
        yield from _check_output(output, (*path, "outputs", name))
    hidden = {name.casefold() for name in node.sensitive}
    for at, name in enumerate(node.inputs):
        if name.casefold() in hidden:
            message = f"`{name}` is sensitive, so the model gets `***` in its place."
            hint = "Take it out of `inputs`, or hand on a part of it that is no secret."
            yield Problem("DF-AI-005", (*path, "inputs", at), message, hint, Severity.WARNING)


def _check_output(output: EnrichOutput, path: Path) -> Iterator[Problem]:
    kind = OUTPUT_TYPES.get(output.type)
    if kind is None:
        message = f"`{output.type}` is no type of an output; allowed are {listed(OUTPUT_TYPES)}."
        yield Problem("DF-AI-003", (*path, "type"), message, did_you_mean(output.type, OUTPUT_TYPES))
        return
    for at, value in enumerate(output.enum or ()):
        if not _is_of(value, output.type, kind):
            message = f"`{value}` is no {output.type}, and the output is one."
            yield Problem("DF-AI-003", (*path, "enum", at), message, "Write values of the output's type.")


def _is_of(value: object, name: str, kind: type) -> bool:
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return name == "date" or isinstance(value, kind)


_CHECKS: Mapping[type, Callable[[str, Any], Iterator[Problem]]] = {AiSql: _check_sql, AiEnrich: _check_enrich}
