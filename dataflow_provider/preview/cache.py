"""Answers of a moment ago: kept by what their SQL is compiled from, the values it binds and where it runs.

Only masked answers are kept. Files and embedded databases are known by their time and size, so that a change shows at
once; of a server nobody can tell, so answers are kept for a short time only.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from dataflow_provider import __version__
from dataflow_provider.compiler.graph import Graph, build_graph
from dataflow_provider.connectors.connections import MEMORY, Connections
from dataflow_provider.errors import DataflowError
from dataflow_provider.preview.pieces import find_spot, nodes_behind
from dataflow_provider.preview.rows import Asked, preview_values
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import FileSource
from dataflow_provider.spec.project import Project, is_remote

KEPT_S = 30.0
MOST_KEPT = 100

Document = dict[str, Any]
_NOT_IN_SQL = {"description", "retries", "retry_delay", "retry_backoff", "timeout", "pool", "checkpoint", "isolation"}


class Kept(Protocol):
    """Where answers are kept."""

    def find(self, key: str) -> Document | None:
        """Return the answer of that key unless it is too old."""

    def keep(self, key: str, document: Document) -> None:
        """Keep an answer; the oldest go when there are too many."""


def look_key(
    kind: str, pipeline: Pipeline, asked: Asked, connections: Connections, project: Project, size: int
) -> str | None:
    """Return what an answer is kept by; None when it cannot be told, as for what will be refused."""
    try:
        graph = build_graph(pipeline)
        spot = find_spot(pipeline, graph, asked.node)
        values = preview_values(pipeline, project, asked)
        behind = nodes_behind(graph, spot.maker)
        # Which columns are sensitive follows from the whole pipeline.
        secret = any(node.sensitive for node in pipeline.nodes.values())
        told = {
            "version": __version__,
            "kind": kind,
            "node": asked.node,
            "size": size,
            "nodes": {
                node: pipeline.nodes[node].model_dump(mode="json", exclude=_NOT_IN_SQL)
                for node in (graph.nodes if secret else behind)
            },
            "values": [dict(values.params), values.interval_start, values.interval_end],
            "project": [str(project.root), values.workspace, values.environment],
            "places": list(_places(graph, behind, connections, project)),
        }
    except (DataflowError, OSError):
        return None
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _places(graph: Graph, nodes: tuple[str, ...], connections: Connections, project: Project) -> Iterator[Any]:
    for conn_id in sorted({graph.nodes[node].connection for node in nodes}):
        spec = connections.get(conn_id)
        yield [conn_id, spec.conn_type, spec.host, spec.port, spec.schema, spec.login, dict(spec.extra)]
        if spec.conn_type in ("duckdb", "sqlite") and spec.host not in (None, MEMORY):
            file = Path(str(spec.host)).expanduser()
            yield [_stamp(file.with_name(file.name + ending)) for ending in ("", ".wal", "-wal")]
    for node in nodes:
        source = graph.nodes[node].spec
        if isinstance(source, FileSource) and not is_remote(source.path):
            path = Path(project.resolve_file(source.path))
            found = sorted(path.parent.glob(path.name)) if "**" not in source.path else [path]
            yield [[str(one), _stamp(one)] for one in found]


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size]


def remembered(kept: Kept, key: str | None, look: Callable[[], Document], *, refresh: bool) -> Document:
    """Return a kept answer, or look and keep what was seen; `cached` tells which."""
    if key is not None and not refresh:
        found = kept.find(key)
        if found is not None:
            return {**found, "cached": True}
    document = look()
    if key is not None:
        kept.keep(key, document)
    return {**document, "cached": False}


class MemoryCache:
    """Answers in the memory of a server process."""

    def __init__(self, most: int = MOST_KEPT, kept_s: float = KEPT_S) -> None:
        self._most, self._kept_s = most, kept_s
        self._answers: OrderedDict[str, tuple[float, Document]] = OrderedDict()
        self._guard = threading.Lock()

    def find(self, key: str) -> Document | None:
        with self._guard:
            found = self._answers.get(key)
        return found[1] if found is not None and time.monotonic() - found[0] < self._kept_s else None

    def keep(self, key: str, document: Document) -> None:
        with self._guard:
            self._answers[key] = (time.monotonic(), document)
            self._answers.move_to_end(key)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)


class FolderCache:
    """Answers as files of a folder, for commands that end; nobody else may read them.

    A folder that cannot be written keeps nothing, and nothing fails for that.
    """

    def __init__(self, folder: Path, most: int = MOST_KEPT, kept_s: float = KEPT_S) -> None:
        self._folder, self._most, self._kept_s = folder, most, kept_s

    def find(self, key: str) -> Document | None:
        path = self._folder / f"{key}.json"
        try:
            if time.time() - path.stat().st_mtime >= self._kept_s:
                return None
            found: Document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def keep(self, key: str, document: Document) -> None:
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = self._folder / f".{os.getpid()}.tmp"
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(document, file)
            os.replace(aside, self._folder / f"{key}.json")
            files = sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
            for old in files[self._most :]:
                old.unlink(missing_ok=True)
