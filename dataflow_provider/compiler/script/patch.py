"""Edits of a pipeline file's text: one value or one node changes, every other character stays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from dataflow_provider.compiler.decompile.emit import emit_field, scalar
from dataflow_provider.spec.document import LINE_BREAK, read_document
from dataflow_provider.spec.format import NODE_ORDER

_TRAILING_COMMENT = re.compile(r"\s+#[^\n]*$")


class PipelineText:
    """The text of a file that loads; `text` is its state after the edits so far."""

    def __init__(self, text: str) -> None:
        self.text = text

    def set_fields(self, node: str, fields: Mapping[str, Any]) -> None:
        """Set keys of a node; None takes one out. What has that value already is not touched."""
        changes = {key: value for key, value in fields.items() if value != self.fields(node).get(key)}
        if changes and self._mapping(node, ()).flow_style:
            self._write_anew(node, {**self.fields(node), **changes})
            return
        for key, value in changes.items():
            self._set(node, (key,), value, self.fields(node).get(key))

    def fields(self, node: str) -> Mapping[str, Any]:
        """Return the data of a node as it is written."""
        found: Mapping[str, Any] = read_document(self.text).data["nodes"][node]
        return found

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(read_document(self.text).data["nodes"])

    def add_node(self, node: str, fields: Mapping[str, Any], before: str | None) -> None:
        """Add a node in front of another one and its comments, or at the end."""
        lines = self._lines()
        if before is None:
            key = self._nodes().value[-1][0]
            at = _end(lines, key.start_mark.line, key.start_mark.column)
        else:
            at = self._key(before).start_mark.line
            while lines[at - 1].lstrip().startswith("#"):
                at -= 1
        indent = self._nodes().value[0][0].start_mark.column
        lines[at:at] = _node_lines(node, fields, indent)
        self.text = "".join(lines)

    def remove_node(self, node: str) -> None:
        """Take out a node, with the comments right above it."""
        lines = self._lines()
        key = self._key(node)
        start = key.start_mark.line
        while lines[start - 1].lstrip().startswith("#"):
            start -= 1
        del lines[start : _end(lines, key.start_mark.line, key.start_mark.column)]
        self.text = "".join(lines)

    # ------------------------------------------------------------ values

    def _set(self, node: str, path: tuple[str, ...], value: Any, old: Any) -> None:
        """Set the value at a path; a map in block style is changed key by key."""
        if self._is_same_map(node, path, value, old):
            for key in dict.fromkeys([*old, *value]):
                if old.get(key) != value.get(key):
                    self._set(node, (*path, key), value.get(key), old.get(key))
            return
        mapping = self._mapping(node, path[:-1])
        lines = self._lines()
        column = mapping.value[0][0].start_mark.column
        found = next(((name, given) for name, given in mapping.value if name.value == path[-1]), None)
        new = [] if value is None else _lines_of(emit_field(path[-1], value, column))
        if found is None:
            at = self._place_of(mapping, path, lines, column)
            lines[at:at] = new
        else:
            name, given = found
            start = name.start_mark.line
            if len(new) == 1 and given.end_mark.line == start:
                comment = _TRAILING_COMMENT.search(lines[start][given.end_mark.column :].rstrip("\n"))
                new = [new[0].rstrip("\n") + (comment.group() if comment else "") + "\n"]
            lines[start : _end(lines, start, column)] = new
        self.text = "".join(lines)

    def _is_same_map(self, node: str, path: tuple[str, ...], value: Any, old: Any) -> bool:
        """Whether a map keeps its keys in their order but for those at its end, so that it can be changed in place."""
        if not isinstance(value, Mapping) or not isinstance(old, Mapping) or not value or path[0] == "from":
            return False
        kept = [key for key in old if key in value]
        in_order = list(value)[: len(kept)] == kept
        return in_order and bool(kept) and not self._mapping(node, path).flow_style

    def _place_of(self, mapping: yaml.MappingNode, path: tuple[str, ...], lines: list[str], column: int) -> int:
        """Return the line in front of the first key that comes behind a new one; of a free map its end."""
        rank = {name: at for at, name in enumerate(NODE_ORDER)}
        if len(path) == 1:
            for name, _ in mapping.value:
                if rank.get(name.value, 0) > rank.get(path[0], 0):
                    at = int(name.start_mark.line)
                    while lines[at - 1].lstrip().startswith("#"):
                        at -= 1
                    return at
        return _end(lines, mapping.value[-1][0].start_mark.line, column)

    def _write_anew(self, node: str, fields: Mapping[str, Any]) -> None:
        """Write a node that stands as `{…}`, on one line again where it fits; a comment behind it stays."""
        lines = self._lines()
        key, last = self._key(node), self._mapping(node, ()).end_mark
        comment = lines[last.line][last.column :].strip()
        new = _lines_of(emit_field(node, _ordered(fields), key.start_mark.column))
        new[0] = new[0].rstrip("\n") + (f"  {comment}" if comment else "") + "\n"
        lines[key.start_mark.line : last.line + 1] = new
        self.text = "".join(lines)

    # ------------------------------------------------------------ places

    def _lines(self) -> list[str]:
        return _lines_of(self.text)

    def _nodes(self) -> yaml.MappingNode:
        root: Any = yaml.compose(self.text, Loader=yaml.SafeLoader)
        found: yaml.MappingNode = next(value for key, value in root.value if key.value == "nodes")
        return found

    def _key(self, node: str) -> yaml.Node:
        found: yaml.Node = next(key for key, _ in self._nodes().value if key.value == node)
        return found

    def _mapping(self, node: str, path: Sequence[str]) -> yaml.MappingNode:
        found: yaml.MappingNode = next(value for key, value in self._nodes().value if key.value == node)
        for name in path:
            found = next(value for key, value in found.value if key.value == name)
        return found


def _node_lines(node: str, fields: Mapping[str, Any], indent: int) -> list[str]:
    blocks = (emit_field(key, value, indent + 2) for key, value in _ordered(fields).items())
    return _lines_of(f"{' ' * indent}{scalar(node)}:\n" + "".join(blocks))


def _ordered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set, in the order of the canonical layout."""
    rank = {name: at for at, name in enumerate(NODE_ORDER)}
    return dict(
        sorted(
            ((key, one) for key, one in fields.items() if one is not None), key=lambda one: rank.get(one[0], len(rank))
        )
    )


def _lines_of(text: str) -> list[str]:
    """Return the lines as YAML counts them; the text ends in a line break."""
    ends = [match.end() for match in LINE_BREAK.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _end(lines: list[str], start: int, column: int) -> int:
    """Return the line behind what begins in `start`; blank lines and comments of its own depth are not part of it."""
    at = start + 1
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip(" ")) > column):
        at += 1
    while at > start + 1 and not lines[at - 1].strip():
        at -= 1
    return at
