"""Writing: every write mode has the fields it needs and none that it would ignore."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import (
    FileTarget,
    NativeTarget,
    SourceBase,
    SqlTarget,
    TargetBase,
    Write,
)
from dataflow_provider.spec.service_nodes import HttpTarget, KafkaTarget
from dataflow_provider.spec.validation.nodes import check_cdr, check_options
from dataflow_provider.spec.validation.subject import Path, Subject
from dataflow_provider.spec.validation.texts import check_distinct, check_order, is_blank, listed_names

_KEYED = ("upsert", "merge")
_UNKEYED = ("append", "overwrite")


def validate_targets(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        if not isinstance(node, TargetBase):
            continue
        path: Path = ("nodes", node_id)
        yield from _check_medium(node, path)
        yield from _check_keys(node, path)
        yield from _check_fields(node.write, (*path, "write"))
        yield from _check_dedupe(node.write, (*path, "write"))
    yield from _check_lookback(subject)


def _check_medium(node: TargetBase, path: Path) -> Iterator[Problem]:
    """Files and topics know no keys."""
    if isinstance(node, FileTarget):
        yield from check_options(node.options, (*path, "options"))
        if node.format == "cdr" and node.options.asn1 is not None:
            message = "`cdr` files in ASN.1 can be read, not written."
            yield Problem(
                "DF-MODE-005", (*path, "options", "asn1"), message, "Write lines: `options.records`.", on_key=True
            )
        yield from check_cdr(node.format, node.options, path)
    allowed = ("append",) if isinstance(node, KafkaTarget | HttpTarget) else _UNKEYED
    if isinstance(node, FileTarget | NativeTarget) and node.write.mode not in allowed:
        names = " and ".join(f"`{mode}`" for mode in allowed)
        message = f"`{node.type}` cannot be written with `mode: {node.write.mode}`; allowed: {names}."
        yield Problem("DF-MODE-005", (*path, "write", "mode"), message, "Keyed modes need a table.")


def _check_keys(node: TargetBase, path: Path) -> Iterator[Problem]:
    write, at = node.write, (*path, "write")
    yield from check_distinct(listed_names(write.keys, (*at, "keys")), "key")
    if isinstance(node, SqlTarget):
        if write.mode in _KEYED and not write.keys:
            message = f"`mode: {write.mode}` needs `keys`: the columns that identify a row."
            yield Problem("DF-MODE-001", at, message, "Add `keys: [column]` below `write`.")
        if write.mode == "delete_insert" and bool(write.keys) == (write.window is not None):
            stand = "stand both" if write.keys else "are both missing"
            message = f"`mode: delete_insert` replaces rows by `keys` or by `window`; they {stand}."
            yield Problem("DF-MODE-002", at, message, "Write `keys: [column]` or `window: {column: day}`.")
    if write.mode in _UNKEYED and write.keys and write.dedupe is None:
        message = f"`mode: {write.mode}` identifies no rows, so `keys` would do nothing."
        hint = "Write `mode: upsert`, or add `dedupe: {order_by: […]}`, or delete `keys`."
        yield Problem("DF-MODE-003", (*at, "keys"), message, hint, on_key=True)


def _check_fields(write: Write, at: Path) -> Iterator[Problem]:
    """Fields of another mode would be ignored silently, so they are refused."""
    if write.delete_when is not None:
        if write.mode != "merge":
            yield _foreign(write, at, "delete_when", "merge")
        elif is_blank(write.delete_when):
            yield Problem("DF-NODE-001", (*at, "delete_when"), "`delete_when` holds no SQL, only spaces or comments.")
    if write.window is not None and write.mode != "delete_insert":
        yield _foreign(write, at, "window", "delete_insert")
    if write.update_columns is None:
        return
    if write.mode not in _KEYED:
        yield _foreign(write, at, "update_columns", "upsert` or `merge")
    keys = {key.lower() for key in write.keys}
    for index, column in enumerate(write.update_columns):
        if column.lower() in keys:
            message = f"`{column}` is a key; a key identifies a row and is never updated."
            yield Problem(
                "DF-MODE-007", (*at, "update_columns", index), message, "Take it out of one of the two lists."
            )
    yield from check_distinct(listed_names(write.update_columns, (*at, "update_columns")), "column")


def _foreign(write: Write, at: Path, key: str, mode: str) -> Problem:
    message = f"`{key}` is for `mode: {mode}`, not for `{write.mode}`."
    return Problem("DF-MODE-004", (*at, key), message, f"Delete `{key}`, or change `mode`.", on_key=True)


def _check_dedupe(write: Write, at: Path) -> Iterator[Problem]:
    if write.dedupe is None:
        return
    yield from check_order(write.dedupe.order_by, (*at, "dedupe", "order_by"))
    if not write.keys:
        message = "`dedupe` chooses among rows of one key, and there are no `keys`."
        yield Problem("DF-MODE-008", (*at, "dedupe"), message, "Add `keys: [column]` below `write`.", on_key=True)


def _check_lookback(subject: Subject) -> Iterator[Problem]:
    """Rows read again by a lookback would be appended again."""
    readers: dict[str, list[str]] = {}
    for node_id, references in subject.inputs.items():
        for reference in references:
            readers.setdefault(reference.node, []).append(node_id)
    for node_id, node in subject.sound_nodes():
        if not isinstance(node, SourceBase) or node.incremental is None or not node.incremental.lookback:
            continue
        for target_id in _fed_by(node_id, readers):
            target = subject.pipeline.nodes[target_id]
            if isinstance(target, TargetBase) and target.write.mode == "append":
                message = f"`lookback` reads rows again, and the target `{target_id}` appends them: they would double."
                hint = f"Write `{target_id}` with `mode: upsert` or `delete_insert`, or delete `lookback`."
                yield Problem("DF-MODE-006", ("nodes", node_id, "incremental", "lookback"), message, hint)


def _fed_by(node_id: str, readers: dict[str, list[str]]) -> list[str]:
    """Return every node that rows of `node_id` reach, in the order they are met; cycles end the walk."""
    found: dict[str, None] = {}
    waiting = [node_id]
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader not in found:
                found[reader] = None
                waiting.append(reader)
    return list(found)
