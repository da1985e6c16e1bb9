"""Edges: what `from` and `after` refer to exists, offers the port, and nothing goes in circles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dataflow_provider.spec.edges import JOIN_ROLES, InputRef, ports_of
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import AiAssist, NodeBase, ReconcileQuality, TargetBase
from dataflow_provider.spec.suggestions import did_you_mean, listed
from dataflow_provider.spec.validation.subject import Path, Subject

_MANY = 1_000_000
_SEVERAL_INPUTS = {
    "transform.join": (2, 2),
    "transform.union": (2, _MANY),
    "transform.sql": (1, _MANY),
    "ai.sql": (1, _MANY),
}
_NAMED_INPUTS = ("transform.join", "transform.sql", "ai.sql")
_SHOWN = 20  # nodes of a cycle that a message names
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def validate_edges(subject: Subject) -> Iterator[Problem]:
    """Yield problems of single edges, and nodes whose rows nobody reads."""
    for node_id, node in subject.pipeline.nodes.items():
        references = subject.inputs[node_id]
        for reference, path in zip(references, _reference_paths(node_id, node), strict=True):
            yield from _validate_reference(subject, node_id, reference, path)
        if not subject.is_damaged(("nodes", node_id, "from")) and not subject.is_damaged(("nodes", node_id, "type")):
            yield from _validate_inputs(node_id, node, references)
        yield from _validate_after(subject, node_id, node)
        if isinstance(node, ReconcileQuality) and isinstance(node.against, str):
            yield from _validate_reference(subject, node_id, _against(node.against), ("nodes", node_id, "against"))
    yield from _unused_leaves(subject)


def _reference_paths(node_id: str, node: NodeBase) -> list[Path]:
    written = node.from_
    base: Path = ("nodes", node_id, "from")
    if isinstance(written, dict):
        return [(*base, role) for role in written]
    return [base] if isinstance(written, str) else [(*base, index) for index in range(len(written or ()))]


def _against(text: str) -> InputRef:
    node, _, port = text.partition(".")
    return InputRef(None, node, port or None)


def _validate_reference(subject: Subject, node_id: str, reference: InputRef, path: Path) -> Iterator[Problem]:
    nodes = subject.pipeline.nodes
    if reference.node == node_id:
        yield Problem("DF-EDGE-004", path, f"The node `{node_id}` reads itself.", "Name the node whose rows it takes.")
        return
    if reference.node not in nodes:
        others = [other for other in nodes if other != node_id]
        message = f"The node `{reference.node}` does not exist; nodes of this pipeline are {listed(others)}."
        yield Problem("DF-EDGE-001", path, message, did_you_mean(reference.node, others))
        return
    source = nodes[reference.node]
    if subject.is_damaged(("nodes", reference.node)):
        return
    if isinstance(source, TargetBase):
        message = f"The target `{reference.node}` has no output; a target is where rows end."
        yield Problem("DF-EDGE-010", path, message, "Read the node before it, or order with `after`.")
        return
    ports = ports_of(source)
    if reference.port is not None and reference.port not in ports:
        offered = f"its ports are {listed(ports)}" if ports else "it has none beside its main output"
        message = f"The node `{reference.node}` has no port `{reference.port}`; {offered}."
        yield Problem("DF-EDGE-002", path, message, _port_hint(source, reference, ports))


def _port_hint(source: NodeBase, reference: InputRef, ports: tuple[str, ...]) -> str | None:
    near = did_you_mean(reference.port or "", ports)
    if near or reference.port != "rejected":
        return near
    if source.type.startswith("quality."):
        return "Quality nodes have it with `severity: quarantine`."
    if source.type.startswith("source."):
        return "File-like sources have it with `on_bad_record: reject`."
    return "Columns with `on_error: reject` make it." if source.type in ("transform.select", "ai.enrich") else None


def _bounds(node: NodeBase) -> tuple[int, int]:
    if node.type.startswith("source."):
        return 0, 0
    return _SEVERAL_INPUTS.get(node.type, (1, 1))


def _validate_inputs(node_id: str, node: NodeBase, references: tuple[InputRef, ...]) -> Iterator[Problem]:
    """Yield problems of the number of inputs, their roles and their names."""
    path: Path = ("nodes", node_id, "from")
    least, most = _bounds(node)
    if not least <= len(references) <= most:
        yield _wrong_number(node_id, node, len(references), least, most)
        return
    roles = tuple(reference.role for reference in references)
    if node.type == "transform.join":
        if set(roles) != set(JOIN_ROLES):
            message = f"A join has the inputs `left` and `right`, not {listed(role or '?' for role in roles)}."
            yield Problem("DF-EDGE-007", path, message, "Write `from: {left: a, right: b}`.")
    elif roles != (None,) * len(roles):
        yield from _validate_aliases(node, roles, path)
    yield from _validate_names(node, references, path)


def _wrong_number(node_id: str, node: NodeBase, found: int, least: int, most: int) -> Problem:
    if most == 0:
        message, hint = "A source has no input.", "Delete `from`; to read after another node, use `after`."
        return Problem("DF-EDGE-006", ("nodes", node_id, "from"), message, hint, on_key=True)
    wanted = "at least " if most == _MANY else "exactly "
    message = f"`{node.type}` takes {wanted}{least} input{'s' if least > 1 else ''}, not `{found}`."
    hint = "Put a `transform.union` or a `transform.join` before it." if found > most else "Name the input in `from`."
    return Problem("DF-EDGE-006", ("nodes", node_id, "from") if found else ("nodes", node_id), message, hint)


def _validate_aliases(node: NodeBase, roles: tuple[str | None, ...], path: Path) -> Iterator[Problem]:
    if node.type not in _NAMED_INPUTS:
        message = f"`{node.type}` takes no named inputs; only {listed(_NAMED_INPUTS)} do."
        yield Problem("DF-EDGE-007", path, message, "Write the node ids alone, as a text or a list.")
        return
    for role in roles:
        if role is not None and not _ALIAS.fullmatch(role):
            message = f"`{role}` cannot name an input in SQL; letters, digits and `_` can, a letter or `_` first."
            yield Problem("DF-EDGE-012", (*path, role), message, on_key=True)


def _validate_names(node: NodeBase, references: tuple[InputRef, ...], path: Path) -> Iterator[Problem]:
    """The same rows twice are an error; so are two inputs that SQL would call by one name."""
    seen: set[tuple[str, str | None]] = set()
    names: set[str] = set()
    for reference in references:
        if reference[1:] in seen:
            hint = (
                "Put a `transform.select` between for a self-join."
                if node.type == "transform.join"
                else "Name it once."
            )
            yield Problem("DF-EDGE-005", path, f"The input `{reference}` stands twice.", hint)
            continue
        seen.add((reference.node, reference.port))
        name = (reference.role or str(reference).replace(".", "__")).lower()
        if name in names:
            message = f"Two inputs are called `{name}` in SQL."
            yield Problem("DF-EDGE-012", path, message, "Write `from: {alias: node}` with different aliases.")
        names.add(name)


def _validate_after(subject: Subject, node_id: str, node: NodeBase) -> Iterator[Problem]:
    for index, other in enumerate(node.after):
        path: Path = ("nodes", node_id, "after", index)
        if other == node_id:
            yield Problem("DF-EDGE-004", path, f"The node `{node_id}` waits for itself.", "Delete it from `after`.")
        elif other not in subject.pipeline.nodes:
            others = [known for known in subject.pipeline.nodes if known != node_id]
            message = f"`after` names `{other}`, which does not exist; nodes of this pipeline are {listed(others)}."
            hint = did_you_mean(other, others) or "Other pipelines are named in `schedule.after`."
            yield Problem("DF-EDGE-009", path, message, hint)


def _unused_leaves(subject: Subject) -> Iterator[Problem]:
    read = {reference.node for references in subject.inputs.values() for reference in references}
    for node in subject.pipeline.nodes.values():
        if isinstance(node, ReconcileQuality) and isinstance(node.against, str):
            read.add(_against(node.against).node)
    for node_id, node in subject.pipeline.nodes.items():
        if node_id in read or isinstance(node, TargetBase | AiAssist) or subject.is_damaged(("nodes", node_id, "type")):
            continue
        if not node.type.startswith("target."):
            message = f"Nothing reads the rows of `{node_id}`, and it is no target."
            hint = "Connect it to a target, or delete it."
            yield Problem("DF-EDGE-008", ("nodes", node_id), message, hint, Severity.WARNING)


def validate_cycles(subject: Subject) -> Iterator[Problem]:
    """Yield one problem per cycle of data and `after` edges, with the way around it."""
    upstream = {node_id: _upstream(subject, node_id) for node_id in subject.pipeline.nodes}
    done: set[str] = set()
    for node_id in upstream:
        if node_id not in done:
            yield from _cycles_from(node_id, upstream, done)


def _upstream(subject: Subject, node_id: str) -> list[str]:
    node = subject.pipeline.nodes[node_id]
    names = [reference.node for reference in subject.inputs[node_id]]
    names += node.after
    if isinstance(node, ReconcileQuality) and isinstance(node.against, str):
        names.append(_against(node.against).node)
    return [name for name in dict.fromkeys(names) if name in subject.pipeline.nodes and name != node_id]


def _cycles_from(start: str, upstream: dict[str, list[str]], done: set[str]) -> Iterator[Problem]:
    """Walk up depth first without recursion: a chain may be thousands of nodes long."""
    way = [start]
    waiting = [iter(upstream[start])]
    while way:
        step = next(waiting[-1], None)
        if step is None:
            done.add(way.pop())
            waiting.pop()
        elif step in way:
            circle = [*way[way.index(step) :], step]
            circle.reverse()  # rows flow from the node that is read to its reader
            shown = circle if len(circle) <= _SHOWN else [*circle[: _SHOWN - 1], "…", step]
            message = f"The nodes form a cycle: `{' → '.join(shown)}`."
            hint = "Rows flow one way: take one of these edges out of `from` or `after`."
            yield Problem("DF-EDGE-003", ("nodes", circle[0]), message, hint)
        elif step not in done:
            way.append(step)
            waiting.append(iter(upstream[step]))
