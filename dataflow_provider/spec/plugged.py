"""Connectors of other packages: manifests behind entry points of the group `dataflow_ai.connectors`.

The entry point's name is the connector's, its value `module:MANIFEST`; that module must not import the driver. Looked
up only when a file names a type that is not ours, once a process: a look at every installed package takes 50 ms.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, cast

from pydantic import Field, create_model

from dataflow_provider.spec.manifest import NAME_PATTERN, ConnectorManifest, FieldKind, NodeField
from dataflow_provider.spec.nodes import (
    CONNECTORS,
    NativeSource,
    NativeTarget,
    NodeBase,
    Scalar,
    SqlSource,
    SqlTarget,
)
from dataflow_provider.spec.values import Flag, NonEmptyText, Number, Text, Whole

logger = logging.getLogger(__name__)

GROUP = "dataflow_ai.connectors"


@dataclass(frozen=True)
class BrokenConnector:
    """An installed connector that cannot be used, and why."""

    name: str
    value: str
    reason: str


@dataclass(frozen=True)
class Plugged:
    """What the entry points of this installation hold."""

    manifests: Mapping[str, ConnectorManifest]
    broken: tuple[BrokenConnector, ...]


@cache
def plugged_connectors() -> Plugged:
    """Return the connectors of other packages; one that cannot be loaded hides no other."""
    manifests: dict[str, ConnectorManifest] = {}
    broken: list[BrokenConnector] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        found = _load(point)
        if isinstance(found, ConnectorManifest) and point.name in manifests:
            found = "another package has a connector of that name"
        if isinstance(found, ConnectorManifest):
            manifests[point.name] = found
        else:
            logger.warning("The connector `%s` (%s) cannot be used: %s", point.name, point.value, found)
            broken.append(BrokenConnector(point.name, point.value, found))
    return Plugged(manifests, tuple(broken))


def _load(point: EntryPoint) -> ConnectorManifest | str:
    """Return the manifest, or why there is none."""
    try:
        manifest = point.load()
    except Exception as exc:  # noqa: BLE001 # another package's code may raise anything; the reason is told and logged
        return f"{type(exc).__name__}: {exc}"
    if not isinstance(manifest, ConnectorManifest):
        return f"`{point.value}` is no ConnectorManifest"
    if manifest.name != point.name or not re.fullmatch(NAME_PATTERN, point.name):
        return (
            f"the entry point `{point.name}` and the manifest `{manifest.name}` must have one name of "
            "lower-case letters, digits and `_`, a letter first"
        )
    if point.name in ("test", "discover"):
        return "`dataflow connectors` has an action of that name"
    if point.name in CONNECTORS:
        return "the product itself has a connector of that name"
    taken = [
        field.name
        for family, fields in (("source", manifest.source_fields), ("target", manifest.target_fields))
        for field in fields
        if field.name in _names_of(_BASES[manifest.kind, family]) or not re.fullmatch(NAME_PATTERN, field.name)
    ]
    return f"its nodes cannot have a field `{taken[0]}` of their own" if taken else manifest


# ---------------------------------------------------------------- models of their nodes

_BASES: Mapping[tuple[str, str], type[NodeBase]] = {
    ("sql", "source"): SqlSource,
    ("sql", "target"): SqlTarget,
    ("native", "source"): NativeSource,
    ("native", "target"): NativeTarget,
}
_KINDS: Mapping[FieldKind, Any] = {
    "text": NonEmptyText,
    "integer": Whole,
    "number": Number,
    "boolean": Flag,
    "list": tuple[NonEmptyText, ...],
    "map": dict[Text, Scalar],
}


def plugged_model(name: str) -> type[NodeBase] | None:
    """Return the model of a node type of another package's connector; None when there is none."""
    family, _, connector = name.partition(".")
    if family not in ("source", "target"):
        return None
    manifest = plugged_connectors().manifests.get(connector)
    return None if manifest is None or name not in manifest.node_types else _build_model(manifest, family)


@cache
def _build_model(manifest: ConnectorManifest, family: str) -> type[NodeBase]:
    declared = manifest.source_fields if family == "source" else manifest.target_fields
    fields: dict[str, Any] = {field.name: _model_field(field) for field in declared}
    fields["type"] = (Literal[f"{family}.{manifest.name}"], ...)
    title = "".join(part.title() for part in manifest.name.split("_"))
    model = create_model(
        f"{title}{family.title()}", __base__=_BASES[manifest.kind, family], __doc__=manifest.description, **fields
    )
    return cast("type[NodeBase]", model)


def _model_field(field: NodeField) -> tuple[Any, Any]:
    kind = Literal[field.choices] if field.choices else _KINDS[field.kind]
    if field.required:
        return kind, Field(description=field.description)
    return kind | None, Field(None, description=field.description)


def _names_of(model: type[NodeBase]) -> set[str]:
    return {name for key, field in model.model_fields.items() for name in (key, field.alias or key)}
