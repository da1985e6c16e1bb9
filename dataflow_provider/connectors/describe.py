"""A manifest as the command line and the API show it; no driver is imported."""

from __future__ import annotations

from typing import TypedDict

from dataflow_provider.spec.manifest import ConnectorManifest
from dataflow_provider.spec.node_types import find_model
from dataflow_provider.spec.nodes import NodeBase


class FieldJson(TypedDict):
    """One field of the connection form."""

    name: str
    label: str
    kind: str
    required: bool
    secret: bool
    placeholder: str
    description: str


class NodeFieldJson(TypedDict):
    """One field of a node beside those that every node has."""

    name: str
    required: bool
    description: str


class ConnectorJson(TypedDict):
    """One connector."""

    name: str
    label: str
    kind: str
    description: str
    category: str
    icon: str
    docs: str
    version: str
    maturity: str
    tested_on: str
    package: str
    connection_types: list[str]
    operations: list[str]
    capabilities: list[str]
    fields: list[FieldJson]
    nodes: dict[str, list[NodeFieldJson]]


def manifest_json(manifest: ConnectorManifest) -> ConnectorJson:
    """Return the manifest as JSON, with the fields of its nodes."""
    return {
        "name": manifest.name,
        "label": manifest.label,
        "kind": manifest.kind,
        "description": manifest.description,
        "category": manifest.category,
        "icon": manifest.icon,
        "docs": manifest.docs,
        "version": manifest.version,
        "maturity": manifest.maturity.value,
        "tested_on": manifest.tested_on,
        "package": manifest.package,
        "connection_types": [str(kind) for kind in manifest.connection_types],
        "operations": sorted(manifest.operations),
        "capabilities": sorted(manifest.capabilities),
        "fields": [
            {
                "name": field.name,
                "label": field.label,
                "kind": field.kind,
                "required": field.required,
                "secret": field.secret,
                "placeholder": field.placeholder,
                "description": field.description,
            }
            for field in manifest.fields
        ],
        "nodes": {name: _node_fields(name) for name in manifest.node_types},
    }


def _node_fields(name: str) -> list[NodeFieldJson]:
    model = find_model(name)
    if model is None:
        return []
    return [
        {"name": field.alias or key, "required": field.is_required(), "description": field.description or ""}
        for key, field in model.model_fields.items()
        if key not in NodeBase.model_fields
    ]
