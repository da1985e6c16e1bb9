"""Data of a document to the `Pipeline` model and all problems of its shape and structure."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from dataflow_provider.spec.document import Document, Path
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import API_VERSION, Pipeline
from dataflow_provider.spec.node_types import find_model
from dataflow_provider.spec.nodes import NodeBase
from dataflow_provider.spec.validation import validate_structure
from dataflow_provider.spec.validation.subject import Subject

_PLACEHOLDER = {"type": "transform.sql", "query": "SELECT 1"}


def build_pipeline(document: Document, file: str) -> tuple[Pipeline | None, list[Problem]]:
    """Return the model, None when the data does not fit it, and every problem, in no particular order.

    Where the shape is wrong, the rules still run on what fits, so that an author sees everything at once.
    """
    problems: list[Problem] = []
    pipeline: Pipeline | None = None
    try:
        pipeline = Pipeline.model_validate(document.data)
        subject: Subject | None = Subject(pipeline, file)
    except ValidationError as error:
        subject, problems = _explain(document, file, error)
    if document.ambiguous:
        problems += _ambiguous(document, {problem.path for problem in problems})
    if subject is not None:
        problems += validate_structure(subject)
    return pipeline, problems


def _explain(document: Document, file: str, error: ValidationError) -> tuple[Subject | None, list[Problem]]:
    from dataflow_provider.spec.shape import read_shape

    shape = read_shape(document)
    problems = shape.problems or [
        Problem("DF-SPEC-010", tuple(detail["loc"]), f"The value does not fit: {detail['msg']}.")
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    damaged = frozenset(shape.damaged)
    try:
        return Subject(_partial_pipeline(shape.data, file), file, damaged), problems
    except ValidationError:
        return None, problems  # not even the parts fit together; the problems above say why


def _partial_pipeline(data: dict[str, Any], file: str) -> Pipeline:
    """Return a pipeline of what fits, to run rules on and nothing else."""
    pipeline_id = data.get("id", PurePath(file).stem)
    header = {**data, "apiVersion": API_VERSION, "kind": "Pipeline"}
    header.update(id="unknown", nodes={"placeholder": _PLACEHOLDER})
    whole = Pipeline.model_validate(header)
    nodes = {node_id: _partial_node(node) for node_id, node in data.get("nodes", {}).items()}
    return whole.model_copy(update={"nodes": nodes, "id": pipeline_id})


def _partial_node(node: dict[str, Any]) -> NodeBase:
    """Return the node without the fields that were cut; when those were required, its edges alone."""
    model = find_model(str(node.get("type")))
    if model is not None:
        try:
            return model.model_validate(node)
        except ValidationError:
            pass  # reported by the walk already: a required field is missing or wrong
    edges = {key: node[key] for key in ("from", "after") if key in node}
    return NodeBase.model_validate({"type": str(node.get("type")), **edges})


def _ambiguous(document: Document, reported: set[Path]) -> list[Problem]:
    """Return the scalars that YAML readers disagree on, unless their place is reported already.

    `yes` and `no` are fine where only true or false can be meant.
    """
    from dataflow_provider.spec.json_schema import flag_keys

    problems = []
    for path, meaning in document.ambiguous.items():
        if path in reported or (meaning in ("true", "false") and path[-1:] and path[-1] in flag_keys()):
            continue
        raw = document.raw(path)
        message = f"`{raw}` is {meaning} for some YAML readers and text for others."
        instead = f"`{meaning}`" if meaning in ("true", "false") else "a plain decimal number"
        problems.append(Problem("DF-SPEC-009", path, message, f'Write `"{raw}"` for text, or {instead}.'))
    return problems
