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

from dataflow_provider.spec.manifest import NAME_PATTERN, ConnectorManifest
from dataflow_provider.spec.nodes import CONNECTORS

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
    return "the product itself has a connector of that name" if point.name in CONNECTORS else manifest
