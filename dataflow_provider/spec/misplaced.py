"""Where a key belongs that stands at the wrong place, or which key was meant."""

from __future__ import annotations

from typing import Any

from dataflow_provider.spec.document import Path
from dataflow_provider.spec.json_schema import REFERENCE, Schema, pipeline_schema
from dataflow_provider.spec.node_types import MODEL_OF_TYPE, NODE_TYPES
from dataflow_provider.spec.suggestions import did_you_mean, listed, nearest

_ADVICE = {
    # (node type, key) → what to do; only where the general rules below would mislead
    ("transform.aggregate", "where"): "Filter rows before with a `transform.filter` node; `having` filters groups.",
    ("transform.aggregate", "columns"): "Name new columns below `aggregates`, grouping columns in `group_by`.",
    ("transform.aggregate", "keys"): "Grouping columns stand in `group_by`.",
    ("transform.join", "on"): "Write `keys: [column]`, or `condition: l.a = r.b`.",
    ("transform.join", "type"): "The kind of join stands in `how`.",
    ("transform.join", "left"): "Write `from: {left: a, right: b}`.",
    ("transform.join", "right"): "Write `from: {left: a, right: b}`.",
    ("transform.sql", "sql"): "Did you mean `query`?",
    ("transform.sort", "keys"): "Sort columns stand in `order_by`.",
}
_SYNONYMS = {
    "inputs": "from", "input": "from", "source": "from", "depends_on": "after", "filter": "where", "condition": "where",
    "sql": "query", "conn_id": "connection", "conn": "connection", "connection_id": "connection", "on": "keys",
    "name": "description", "group": "group_by", "columns": "keys", "desc": "description", "dag_id": "id",
    "schedule_interval": "schedule", "version": "apiVersion", "steps": "nodes", "tasks": "nodes", "tz": "timezone",
}  # fmt: skip


_TYPE_WORDS = {
    "postgresql": "postgres", "pg": "postgres", "redshift": "postgres", "mariadb": "mysql", "mssql": "sqlserver",
    "azuresql": "sqlserver", "hana": "saphana", "sap": "saphana", "ase": "sybase", "csv": "file", "parquet": "file",
    "json": "file", "s3": "file", "gcs": "file", "azure": "file", "object": "file", "ftp": "sftp", "rest": "http",
    "api": "http", "where": "filter", "agg": "aggregate", "group": "aggregate", "groupby": "aggregate",
    "dedup": "deduplicate", "dedupe": "deduplicate", "distinct": "deduplicate", "switch": "router", "split": "router",
    "branch": "router", "concat": "union", "order": "sort", "limit": "sort", "sample": "sort", "unpivot": "pivot",
    "query": "sql", "rename": "select", "project": "select", "derive": "expression", "calc": "expression",
}  # fmt: skip


def hint_for_unknown_type(name: str) -> str | None:
    """Return the node type that `name` likely meant, as a sentence; knows other products' words for ours."""
    family, _, word = name.lower().partition(".")
    likely = f"{family}.{_TYPE_WORDS.get(word, word)}"
    if likely in NODE_TYPES:
        return f"Did you mean `{likely}`?"
    return did_you_mean(name, NODE_TYPES)


def hint_for_unknown_key(key: str, path: Path, schema: Schema, document: dict[str, Any]) -> str | None:
    """Return what to do about `key`, which the object at `path` does not know; None when nothing is likely."""
    properties: dict[str, Schema] = schema["properties"]
    node_type = _node_type(path, document)
    return (
        _ADVICE.get((node_type, key))
        or _below(key, properties)
        or _near(key, properties)
        or _elsewhere(key, path)
        or _other_types(key, path)
    )


def _near(key: str, properties: dict[str, Schema]) -> str | None:
    synonym = _SYNONYMS.get(key.lower())
    match = synonym if synonym in properties else nearest(key.replace("-", "_"), properties)
    return f"Did you mean `{match}`?" if match else None


def _below(key: str, properties: dict[str, Schema]) -> str | None:
    """The key belongs in one of the maps of the same object, as `cron` in `schedule` and `mode` in `write`."""
    owners = [name for name, schema in properties.items() if key in _object_keys(schema)]
    return f"`{key}` belongs below `{owners[0]}`: `{owners[0]}: {{{key}: …}}`." if len(owners) == 1 else None


def _elsewhere(key: str, path: Path) -> str | None:
    """The key belongs further up: in the node, or at the top of the file."""
    top = pipeline_schema()["properties"]
    if path[:1] == ("nodes",) and len(path) > 2 and key in _keys_of_some_node():
        return f"`{key}` belongs to the node itself, beside `{path[2]}`."
    if path and key in top:
        return f"`{key}` belongs to the top of the file."
    if path[:1] != ("nodes",):
        owner = next((name for name, schema in top.items() if key in _object_keys(schema)), None)
        if owner:
            return f"`{key}` belongs below `{owner}`."
        return f"`{key}` belongs to a node, below `nodes`." if key in _keys_of_some_node() else None
    return None


def _other_types(key: str, path: Path) -> str | None:
    if path[:1] != ("nodes",):
        return None
    definitions = pipeline_schema()["$defs"]
    owners = [name for name, model in MODEL_OF_TYPE.items() if key in definitions[model.__name__]["properties"]]
    families = sorted(
        {name.partition(".")[0] + ".…" if name.startswith(("source", "target")) else name for name in owners}
    )
    return f"`{key}` is a field of {listed(families, 4)}." if families else None


def _node_type(path: Path, document: dict[str, Any]) -> str:
    if len(path) != 2 or path[0] != "nodes":
        return ""
    return str(document["nodes"][path[1]].get("type"))


def _object_keys(schema: Schema) -> frozenset[str]:
    """Return the keys of the map a property may hold; of a list of maps none."""
    options = schema.get("anyOf") or [schema]
    names = [option["$ref"].removeprefix(REFERENCE) for option in options if "$ref" in option]
    definitions = pipeline_schema()["$defs"]
    return frozenset(key for name in names for key in definitions[name].get("properties", ()))


def _keys_of_some_node() -> frozenset[str]:
    definitions = pipeline_schema()["$defs"]
    return frozenset(key for model in MODEL_OF_TYPE.values() for key in definitions[model.__name__]["properties"])
