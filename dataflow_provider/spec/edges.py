"""Edges as they are written: what `from` refers to and which ports a node offers. No resolving, no findings."""

from __future__ import annotations

from typing import NamedTuple

from dataflow_provider.spec.nodes import (
    AiEnrich,
    FileSource,
    FilterTransform,
    NativeSource,
    NodeBase,
    QualityBase,
    RouterTransform,
    SelectTransform,
)

REJECTED = "rejected"
JOIN_ROLES = ("left", "right")


class InputRef(NamedTuple):
    """One reference to another node's rows; `port` None is its main output, `role` the key of a `from` map."""

    role: str | None
    node: str
    port: str | None

    def __str__(self) -> str:
        return f"{self.node}.{self.port}" if self.port is not None else self.node


def parse_reference(text: str, role: str | None = None) -> InputRef:
    """Return `node` or `node.port` taken apart.

    >>> parse_reference("calls.rejected")
    InputRef(role=None, node='calls', port='rejected')
    """
    node, dot, port = text.partition(".")
    return InputRef(role, node, port if dot else None)


def inputs_of(node: NodeBase) -> tuple[InputRef, ...]:
    """Return the inputs in the order written; a join's two-item list gets the roles left and right."""
    written = node.from_
    if written is None:
        return ()
    if isinstance(written, str):
        return (parse_reference(written),)
    if isinstance(written, dict):
        return tuple(parse_reference(text, role) for role, text in written.items())
    roles = JOIN_ROLES if node.type == "transform.join" and len(written) == len(JOIN_ROLES) else (None,) * len(written)
    return tuple(parse_reference(text, role) for text, role in zip(written, roles, strict=True))


def ports_of(node: NodeBase) -> tuple[str, ...]:
    """Return the ports beside the main output; without a port a router gives the rest, the rows of `default`."""
    if isinstance(node, RouterTransform):
        return (*node.routes, node.default)
    return (REJECTED,) if _rejects(node) else ()


def _rejects(node: NodeBase) -> bool:
    if isinstance(node, FilterTransform):
        return True
    if isinstance(node, QualityBase):
        return node.severity == "quarantine"
    if isinstance(node, AiEnrich):
        return node.on_error == "reject"
    if isinstance(node, FileSource | NativeSource):
        return node.on_bad_record == "reject"
    if isinstance(node, SelectTransform):
        return any(not isinstance(column, str) and column.on_error == "reject" for column in node.columns or ())
    return False
