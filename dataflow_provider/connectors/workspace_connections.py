"""Which connections a workspace's pipelines may use: `[dataflow] workspace_connections`, asked wherever one is opened.

Without the setting all of them; with it those whose ids fit a pattern of the workspace or of `*`, and the embedded
warehouse, in which nodes run that name no connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dataflow_provider.connectors.connections import WAREHOUSE_ID, Connections, ConnectionSpec
from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import AgainstQuery, ReconcileQuality, ReferenceQuality
from dataflow_provider.spec.project import Project

EVERY_WORKSPACE = "*"
Patterns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class WorkspaceConnections:
    """The connections of `inner` that a workspace may use."""

    inner: Connections
    workspace: str
    allowed: tuple[str, ...]

    def get(self, conn_id: str) -> ConnectionSpec:
        """Return the connection.

        Raises:
            AuthorError: `DF-CONN-022` when it is another workspace's; nothing is told of whether it is there.
        """
        _require(conn_id, self.workspace, self.allowed)
        return self.inner.get(conn_id)


def connections_of_workspace(connections: Connections, project: Project) -> Connections:
    """Return the connections that the project's workspace may use, by the settings as they stand now."""
    allowed = allowed_patterns(project.workspace, Settings.load().workspace_connections)
    return connections if allowed is None else WorkspaceConnections(connections, project.workspace, allowed)


def require_usable(conn_id: str, workspace: str) -> None:
    """Do nothing when a workspace may use the connection, for those who open it by other means.

    Raises:
        AuthorError: `DF-CONN-022` when it may not.
    """
    allowed = allowed_patterns(workspace, Settings.load().workspace_connections)
    if allowed is not None:
        _require(conn_id, workspace, allowed)


def _require(conn_id: str, workspace: str, allowed: tuple[str, ...]) -> None:
    if not may_use(conn_id, allowed):
        message, hint = _refusal(conn_id, workspace, allowed)
        raise AuthorError("DF-CONN-022", message, hint=hint)


def allowed_patterns(workspace: str, patterns: Patterns | None) -> tuple[str, ...] | None:
    """Return the patterns of ids that a workspace may use; None when nothing is restricted.

    >>> allowed_patterns("billing", {"billing": ("dwh",), "*": ("shared_*",)}), allowed_patterns("x", {"y": ("dwh",)})
    (('dwh', 'shared_*'), ())
    """
    if patterns is None:
        return None
    return (*patterns.get(workspace, ()), *patterns.get(EVERY_WORKSPACE, ()))


def may_use(conn_id: str, allowed: tuple[str, ...]) -> bool:
    return conn_id == WAREHOUSE_ID or any(fnmatchcase(conn_id, pattern) for pattern in allowed)


def foreign_connections(pipeline: Pipeline, project: Project) -> list[Problem]:
    """Return a finding for each place of a pipeline that names a connection which its workspace may not use."""
    allowed = allowed_patterns(project.workspace, Settings.load().workspace_connections)
    if allowed is None:
        return []
    return [
        Problem("DF-CONN-022", place, *_refusal(conn_id, project.workspace, allowed))
        for place, conn_id in _named(pipeline)
        if not may_use(conn_id, allowed)
    ]


def _named(pipeline: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if pipeline.defaults.connection is not None:
        yield ("defaults", "connection"), pipeline.defaults.connection
    for event in type(pipeline.notify).model_fields:
        for at, message in enumerate(getattr(pipeline.notify, event)):
            if message.connection is not None:
                yield ("notify", event, at, "connection"), message.connection
    for name, node in pipeline.nodes.items():
        if node.connection is not None:
            yield ("nodes", name, "connection"), node.connection
        if isinstance(node, ReferenceQuality) and node.reference.connection is not None:
            yield ("nodes", name, "reference", "connection"), node.reference.connection
        if isinstance(node, ReconcileQuality) and isinstance(node.against, AgainstQuery):
            yield ("nodes", name, "against", "connection"), node.against.connection


def _refusal(conn_id: str, workspace: str, allowed: tuple[str, ...]) -> tuple[str, str]:
    listed = ", ".join(f"`{pattern}`" for pattern in allowed) or "none but the embedded warehouse"
    return (
        f"connection `{conn_id}` is not one that workspace `{workspace}` may use; allowed are {listed}",
        "Name one of those, or let an administrator add it to `[dataflow] workspace_connections`.",
    )
