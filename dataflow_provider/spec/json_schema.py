"""The JSON Schema of pipeline files, generated from the models: for editors, and to explain what does not fit."""

from __future__ import annotations

from copy import deepcopy
from functools import cache, lru_cache
from typing import Any, cast

from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.node_types import MODEL_OF_TYPE, NODE_TYPES, find_model, plugged_types
from dataflow_provider.spec.nodes import NodeBase
from dataflow_provider.spec.values import NODE_ID_PATTERN

SCHEMA_ID = "https://dataflow-ai.dev/schema/pipeline.v1.json"
REFERENCE = "#/$defs/"

Schema = dict[str, Any]

_DROPPED = ("title", "discriminator")
# Bounds on a union leave pydantic under its own names.
_RENAMED = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


@lru_cache(maxsize=1)
def pipeline_schema() -> Schema:
    """Return the schema (draft 2020-12) of one file; every node type has its own branch, chosen by `type`.

    The answer is shared: callers must not change it.
    """
    generated = Pipeline.model_json_schema(by_alias=True)
    definitions = {name: _tidy(schema) for name, schema in generated.pop("$defs").items()}
    definitions["Node"] = _node_schema()
    schema = _tidy(generated)
    schema["properties"]["nodes"] = {
        "description": "Node id to node",
        "type": "object",
        "minProperties": 1,
        "patternProperties": {NODE_ID_PATTERN: {"$ref": f"{REFERENCE}Node"}},
        "additionalProperties": False,
    }
    header = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "DataFlow AI pipeline, dataflow/v1",
    }
    return {**header, **schema, "$defs": dict(sorted(definitions.items()))}


def installed_schema() -> Schema:
    """Return the schema with the node types of installed connectors that are not ours."""
    schema = deepcopy(pipeline_schema())
    node = schema["$defs"]["Node"]
    for name in plugged_types():
        model = find_model(name)
        if model is not None:
            schema["$defs"][model.__name__] = model_schema(model)
            node["properties"]["type"]["enum"].append(name)
            node["allOf"].append(_branch([name], model))
    return schema


@cache
def model_schema(model: type[NodeBase]) -> Schema:
    """Return the schema of one node's model; what it refers to stands in the `$defs` of `pipeline_schema`."""
    own = pipeline_schema()["$defs"].get(model.__name__) if model in MODEL_OF_TYPE.values() else None
    if own is not None:
        return cast(Schema, own)
    generated = model.model_json_schema(by_alias=True)
    generated.pop("$defs", None)
    return cast(Schema, _tidy(generated))


def _branch(names: list[str], model: type[NodeBase]) -> Schema:
    return {
        "if": {"properties": {"type": {"enum": names}}, "required": ["type"]},
        "then": {"$ref": f"{REFERENCE}{model.__name__}"},
    }


def _node_schema() -> Schema:
    """`if` the type is known `then` its fields: editors complete and complain by the one branch that is meant."""
    models: dict[type[NodeBase], list[str]] = {}
    for name, model in MODEL_OF_TYPE.items():
        models.setdefault(model, []).append(name)
    branches = [_branch(names, model) for model, names in models.items()]
    return {
        "description": "One step of the pipeline",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": "What the node does", "enum": list(NODE_TYPES)}},
        "allOf": branches,
    }


def _tidy(schema: Any, *, names: bool = False) -> Any:
    """Return the schema without generated titles; `names` means the keys are property names and all stay."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        (key if names else _RENAMED.get(key, key)): _tidy(value, names=key in ("properties", "patternProperties"))
        for key, value in schema.items()
        if names or key not in _DROPPED
    }


@lru_cache(maxsize=1)
def flag_keys() -> frozenset[str]:
    """Return the keys whose value can only be true or false."""
    found: set[str] = set()
    for definition in (pipeline_schema(), *pipeline_schema()["$defs"].values()):
        for key, schema in definition.get("properties", {}).items():
            kinds = {option.get("type") for option in schema.get("anyOf", [schema])}
            if kinds <= {"boolean", "null"} and "boolean" in kinds:
                found.add(key)
    return frozenset(found)
