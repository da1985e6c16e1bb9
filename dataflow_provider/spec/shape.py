"""Why data does not fit the models, said in our own words, and the part of it that does fit.

Runs only after pydantic refused a file. It walks the JSON Schema, so that what it calls allowed is what editors show.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from dataflow_provider.spec.document import Document, Path
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.json_schema import REFERENCE, Schema, model_schema, pipeline_schema
from dataflow_provider.spec.misplaced import hint_for_unknown_key, hint_for_unknown_type
from dataflow_provider.spec.node_types import NODE_TYPES, find_model, plugged_types
from dataflow_provider.spec.plugged import plugged_connectors
from dataflow_provider.spec.suggestions import did_you_mean, listed
from dataflow_provider.spec.values import (
    DURATION_PATTERN,
    MOMENT_PATTERN,
    NODE_ID_PATTERN,
    PIPELINE_ID_PATTERN,
    parse_moment,
)

MISSING: Final = object()

_PATTERNS = {
    DURATION_PATTERN: "a duration, a whole number and a unit: `90s`, `5m`, `2h` or `1d`",
    MOMENT_PATTERN: "a date `2026-01-31` or a timestamp `2026-01-31T06:30:00`",
    NODE_ID_PATTERN: "a node id: lower case letters, digits and `_`, a letter first, at most 63 characters",
    PIPELINE_ID_PATTERN: "a pipeline id: lower case letters, digits and `_`, a letter first, at most 200 characters",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'a time of day in quotes, such as `"07:30"`',
}
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}


_BOUNDS = (
    ("minimum", operator.lt, "at least"),
    ("exclusiveMinimum", operator.le, "more than"),
    ("maximum", operator.gt, "at most"),
)


@dataclass
class Shape:
    """What came of a walk: `problems` in the order of the file, and `data` cut down to what fits the models.

    `damaged` holds the paths where something was cut or is likely meant otherwise: rules must not build on them.
    """

    document: Document
    problems: list[Problem] = field(default_factory=list)
    damaged: set[Path] = field(default_factory=set)
    data: dict[str, Any] = field(default_factory=dict)

    def report(self, code: str, path: Path, message: str, hint: str | None = None, *, on_key: bool = False) -> None:
        self.problems.append(Problem(code, path, message, hint, on_key=on_key))


def read_shape(document: Document) -> Shape:
    """Return what is wrong with the document's data and what of it is usable; never raises."""
    shape = Shape(document)
    if not isinstance(document.data, dict):
        found = _describe_value(document.data)
        hint = "Start with `apiVersion: dataflow/v1`; see `dataflow new ID`."
        shape.report("DF-SPEC-008", (), f"A pipeline file is a map of keys; this one holds {found}.", hint)
        return shape
    shape.data = _read_fields(shape, pipeline_schema(), document.data, ())
    return shape


def _read_nodes(shape: Shape, nodes: dict[str, Any]) -> dict[str, Any]:
    if not nodes:
        shape.report("DF-SPEC-007", ("nodes",), "`nodes` is empty; a pipeline has at least one node.")
    result: dict[str, Any] = {}
    for node_id, node in nodes.items():
        path = ("nodes", node_id)
        if not re.fullmatch(NODE_ID_PATTERN, node_id):
            message = f"The node id `{node_id}` is not allowed; it must be {_PATTERNS[NODE_ID_PATTERN]}."
            likely = re.sub(r"[^a-z0-9_]+", "_", node_id.lower()).strip("_")[:63]
            hint = f"Write `{likely}`." if re.fullmatch(NODE_ID_PATTERN, likely) else None
            shape.report("DF-SPEC-006", path, message, hint, on_key=True)
        result[node_id] = _read_node(shape, node, path)
    return result


def _read_node(shape: Shape, node: Any, path: Path) -> dict[str, Any]:
    """Return the fields of one node that fit; a node without a known type keeps only its edges."""
    if not isinstance(node, dict):
        shape.damaged.add((*path, "type"))
        message = f"The node `{path[1]}` must be a map of fields, not {_describe_value(node)}."
        shape.report("DF-SPEC-003", path, message, "Indent its fields below it.")
        return {}
    definitions = pipeline_schema()["$defs"]
    name = node.get("type")
    model = find_model(name) if isinstance(name, str) else None
    if model is not None:
        return _read_fields(shape, model_schema(model), node, path)
    _report_type(shape, node, path)
    edges = {key: definitions["SqlTransform"]["properties"][key] for key in ("from", "after")}
    found = {key: _read(shape, edges[key], node[key], (*path, key)) for key in edges if key in node}
    return {key: value for key, value in found.items() if value is not MISSING}


def _report_type(shape: Shape, node: dict[str, Any], path: Path) -> None:
    shape.damaged.add((*path, "type"))
    kinds = "source.…, target.…, transform.…, quality.…, ai.…"
    if "type" not in node:
        near = did_you_mean("type", [key for key in node if key not in ("from", "table")])
        hint = near.replace("Did you mean", "Is `type` meant by") if near else f"Give one of {kinds}"
        shape.report("DF-SPEC-002", path, "The key `type` is missing; every node has one.", hint)
        return
    name = node["type"]
    if not isinstance(name, str):
        _wrong_type(shape, {"type": "string"}, name, (*path, "type"))
        return
    family = [known for known in (*NODE_TYPES, *plugged_types()) if known.startswith(name.partition(".")[0] + ".")]
    message = f"The node type `{name}` is unknown; allowed are {listed(family or NODE_TYPES, 20)}."
    broken = next((one for one in plugged_connectors().broken if one.name == name.partition(".")[2]), None)
    unusable = f"A connector `{broken.name}` is installed and cannot be used: {broken.reason}." if broken else None
    shape.report("DF-SPEC-005", (*path, "type"), message, unusable or hint_for_unknown_type(name))


# ---------------------------------------------------------------- any value


def _read(shape: Shape, schema: Schema, value: Any, path: Path) -> Any:
    """Return the value, cut down to what fits; MISSING when nothing fits."""
    if "$ref" in schema:
        schema = pipeline_schema()["$defs"][schema["$ref"].removeprefix(REFERENCE)]
    if "anyOf" in schema:
        result = _read_any(shape, schema["anyOf"], value, path)
        return result if result is MISSING else _read_number(shape, schema, result, path)
    if not _fits_kind(schema, value):
        return _wrong_type(shape, schema, value, path)
    if isinstance(value, dict):
        return _read_map(shape, schema, value, path)
    if isinstance(value, list):
        return _read_list(shape, schema, value, path)
    return _read_scalar(shape, schema, value, path)


def _read_any(shape: Shape, branches: list[Schema], value: Any, path: Path) -> Any:
    fitting = [branch for branch in map(_resolve, branches) if _fits_kind(branch, value)]
    if not fitting:
        return _wrong_type(shape, {"anyOf": branches}, value, path)
    for branch in fitting[:-1]:
        attempt = Shape(shape.document)
        result = _read(attempt, branch, value, path)
        if not attempt.problems:
            return result
    return _read(shape, fitting[-1], value, path)


def _read_map(shape: Shape, schema: Schema, value: dict[str, Any], path: Path) -> Any:
    if "properties" in schema:
        fields = _read_fields(shape, schema, value, path)
        return MISSING if any(key not in fields for key in schema.get("required", ())) else fields
    if "patternProperties" in schema:
        return _read_nodes(shape, value)
    if len(value) < schema.get("minProperties", 0):
        return _out_of_range(shape, path, "must not be empty", value)
    inner = schema.get("additionalProperties", True)
    if not isinstance(inner, dict):
        return value
    entries = {key: _read(shape, inner, entry, (*path, key)) for key, entry in value.items()}
    return {key: entry for key, entry in entries.items() if entry is not MISSING}


def _read_list(shape: Shape, schema: Schema, value: list[Any], path: Path) -> Any:
    if len(value) < schema.get("minItems", 0):
        return _out_of_range(shape, path, "must not be empty", value)
    items = [_read(shape, schema["items"], item, (*path, index)) for index, item in enumerate(value)]
    return MISSING if any(item is MISSING for item in items) else items


def _read_fields(shape: Shape, schema: Schema, value: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the known fields that fit; unknown and missing keys are reported."""
    properties: dict[str, Schema] = schema["properties"]
    missing = [key for key in schema.get("required", ()) if key not in value]
    result: dict[str, Any] = {}
    for key, entry in value.items():
        if key in properties:
            read = _read(shape, properties[key], entry, (*path, key))
            if read is not MISSING:
                result[key] = read
            continue
        in_node = len(path) == 2 and path[0] == "nodes"  # every node takes the common keys, so they are not listed
        own = [name for name in properties if not (in_node and name in _common_keys())]
        hint = hint_for_unknown_key(key, path, schema, shape.document.data)
        shape.report(
            "DF-SPEC-001",
            (*path, key),
            f"The key `{key}` is unknown here; allowed are {listed(own)}.",
            hint,
            on_key=True,
        )
        shape.damaged.add((*path, key))
    for key in missing:
        shape.damaged.add((*path, key))
        what = properties[key].get("description", "")
        shape.report("DF-SPEC-002", path, f"The key `{key}` is missing.", f"Add `{key}:` ({what}).")
    return result


def _read_scalar(shape: Shape, schema: Schema, value: Any, path: Path) -> Any:
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is not None and value not in allowed:
        shape.damaged.add(path)
        hint = did_you_mean(value, allowed) if isinstance(value, str) else None
        shape.report("DF-SPEC-004", path, f"{_name(path)} is `{value}`; allowed {_are(allowed)}.", hint)
        return MISSING
    pattern = schema.get("pattern")
    if pattern and isinstance(value, str) and not _matches(pattern, value):
        return _wrong_form(shape, pattern, value, path)
    if schema.get("minLength") and value == "":
        return _out_of_range(shape, path, "must not be empty", value)
    return _read_number(shape, schema, value, path)


def _matches(pattern: str, value: str) -> bool:
    if not re.fullmatch(pattern, value):
        return False
    if pattern != MOMENT_PATTERN:
        return True
    try:
        parse_moment(value)
    except ValueError:
        return False
    return True


def _read_number(shape: Shape, schema: Schema, value: Any, path: Path) -> Any:
    if isinstance(value, int | float):
        for key, breaks, words in _BOUNDS:
            if key in schema and breaks(value, schema[key]):
                return _out_of_range(shape, path, f"must be {words} `{schema[key]}`", value)
    return value


# ---------------------------------------------------------------- sentences


def _wrong_type(shape: Shape, schema: Schema, value: Any, path: Path) -> Any:
    shape.damaged.add(path)
    kinds = _kinds(schema)
    raw = shape.document.raw(path)
    hint = None
    if "text" in kinds and raw and not isinstance(value, str):
        hint = f'Put it in quotes: `"{raw}"`.'
    elif "a list" in kinds and isinstance(value, str):
        hint = f"Write it as a list: `[{value}]`." if len(value) <= 60 else "Write it as a list."
    elif "`true` or `false`" in kinds and isinstance(value, str):
        hint = f"Write `{value.lower()}` without quotes." if value.lower() in ("true", "false") else None
    elif (
        {"a whole number", "a number"}.intersection(kinds)
        and isinstance(value, str)
        and re.fullmatch(r"[0-9.]+", value)
    ):
        hint = f"Write `{value}` without quotes."
    wanted = " or ".join(kind for kind in kinds if kind != "nothing")
    shape.report("DF-SPEC-003", path, f"{_name(path)} must be {wanted}, not {_describe_value(value, raw)}.", hint)
    return MISSING


def _wrong_form(shape: Shape, pattern: str, value: str, path: Path) -> Any:
    shape.damaged.add(path)
    hint = None
    spelled = re.fullmatch(r"([0-9]+) *([smhdSMHD])[a-zA-Z]*", value)
    if pattern == DURATION_PATTERN and spelled:
        hint = f"Write `{int(spelled[1])}{spelled[2].lower()}`."
    elif pattern.startswith("^([01]") and re.fullmatch(r"[0-9]:[0-5][0-9]", value):
        hint = f'Write `"0{value}"`.'
    wanted = _PATTERNS.get(pattern, f"text that matches `{pattern}`")
    shape.report("DF-SPEC-006", path, f"{_name(path)} is `{_short(value)}`; it must be {wanted}.", hint)
    return MISSING


def _out_of_range(shape: Shape, path: Path, rule: str, value: Any) -> Any:
    shape.damaged.add(path)
    shown = "" if value in ("", [], {}) else f", not `{value}`"
    shape.report("DF-SPEC-007", path, f"{_name(path)} {rule}{shown}.")
    return MISSING


def _name(path: Path) -> str:
    """Return the key (or item) a path ends in, as the start of a sentence."""
    if not path:
        return "The file"
    if isinstance(path[-1], int):
        return f"Item {path[-1] + 1} of `{path[-2]}`"
    return f"`{path[-1]}`"


def _are(allowed: list[Any]) -> str:
    return f"is `{allowed[0]}`" if len(allowed) == 1 else f"are {listed(map(str, allowed), 20)}"


def _describe_value(value: Any, raw: str | None = None) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    kind = {bool: "boolean", int: "number", float: "number", str: "text"}.get(type(value), "date")
    return f"the {kind} `{_short(raw or str(value))}`"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _resolve(schema: Schema) -> Schema:
    return pipeline_schema()["$defs"][schema["$ref"].removeprefix(REFERENCE)] if "$ref" in schema else schema


def _kinds(schema: Schema) -> list[str]:
    """Return in words what YAML kinds the schema takes, in its order."""
    kinds: dict[str, None] = {}
    for branch in map(_resolve, schema.get("anyOf") or [schema]):
        if "anyOf" in branch:
            kinds.update(dict.fromkeys(_kinds(branch)))
        elif "format" in branch:
            kinds["a date"] = None
        else:
            kinds[_PATTERNS.get(branch.get("pattern", "")) or _KINDS[branch.get("type", "string")]] = None
    if "a number" in kinds:
        kinds.pop("a whole number", None)
    return list(kinds)


def _fits_kind(schema: Schema, value: Any) -> bool:
    """Return whether the value has the YAML kind the schema speaks of; its content is another matter."""
    schema = _resolve(schema)
    if "anyOf" in schema:
        return any(_fits_kind(branch, value) for branch in schema["anyOf"])
    kind = schema.get("type", "string")
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "string" and isinstance(value, date):
        return "format" in schema or schema.get("pattern") == MOMENT_PATTERN
    types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}
    return type(value) is types[kind]


def _common_keys() -> frozenset[str]:
    from dataflow_provider.spec.nodes import NodeBase

    return frozenset(NodeBase.model_fields) - {"type", "from_"} | {"from"}
