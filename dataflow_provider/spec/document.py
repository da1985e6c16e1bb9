"""YAML text to plain data with positions: the strict subset of YAML that a pipeline may use.

libyaml composes the node tree once; one pass turns it into dicts, lists and scalars and notes what the subset refuses
(duplicate and non-string keys, tags, anchors, ambiguous scalars). Lines and columns are looked up only on request.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from dataflow_provider.spec.scalars import Unreadable, is_surely_text, read_plain

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")

_PLAIN, _QUOTED, _MAP, _LIST = "plain", "quoted", "map", "list"
_OWN_TAGS = frozenset((_PLAIN, _QUOTED, _MAP, _LIST))
_FORBIDDEN_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ANCHOR_LIKE = re.compile(r"(?:^|[\s\[{,])[&*][\w-]", re.ASCII)

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """Something the YAML subset refuses; `line` and `column` are 1-based."""

    code: str
    line: int
    column: int
    path: Path
    message: str
    hint: str | None = None


class Refused(Exception):
    """Raised inside this module when no data can be had of the text; carries the one fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


@dataclass
class Document:
    """The data of one file. `data` is None when `faults` says why nothing could be read."""

    text: str = ""
    data: Any = None
    faults: list[Fault] = field(default_factory=list)
    ambiguous: dict[Path, str] = field(default_factory=dict)
    root: yaml.Node | None = None

    def locate(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return line and column, 1-based, of the value at `path`, or of its nearest known parent.

        A list, a map or an empty value stands where its key stands; so does everything when `key` is set.
        """
        spot = (1, 1)
        node = self.root
        for depth, step in enumerate(path):
            found = _child(node, step)
            if found is None:
                break
            key_node, node = found
            use_key = key_node is not None and (_stands_at_key(node) or (key and depth == len(path) - 1))
            spot = _spot(key_node if use_key and key_node is not None else node)
        return spot

    def locate_inside(self, path: Path, offset: int) -> tuple[int, int] | None:
        """Return line and column of the character at `offset` (0-based) of the text at `path`.

        None where the text is folded or quoted over several lines: its characters do not stand as they are written.
        """
        node = self._node(path)
        if not isinstance(node, yaml.ScalarNode):
            return None
        line, column = _spot(node)
        if node.style != "|":
            one_line = node.start_mark.line == node.end_mark.line and node.style != ">"
            return (line, column + offset + (1 if node.style else 0)) if one_line else None
        before = str(node.value)[:offset]
        row = line + before.count("\n")  # 0-based row of the character: the text starts below the `|`
        rows = LINE_BREAK.split(self.text)
        indent = next((len(text) - len(text.lstrip(" ")) for text in rows[line:] if text.strip()), 0)
        return row + 1, indent + offset - (before.rfind("\n") + 1) + 1

    def raw(self, path: Path) -> str | None:
        """Return the scalar at `path` as it is written when it is written without quotes; else None."""
        node = self._node(path)
        return str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag == _PLAIN else None

    def _node(self, path: Path) -> yaml.Node | None:
        node = self.root
        for step in path:
            found = _child(node, step)
            if found is None:
                return None
            node = found[1]
        return node


def read_document(source: str | bytes) -> Document:
    """Return the data, the faults and the positions of one YAML text; never raises for bad text."""
    try:
        text = _decode(source)
    except Refused as refused:
        too_large = len(source) > MAX_BYTES
        shown = "" if too_large or isinstance(source, str) else source.decode("utf-8", errors="replace")
        return Document(shown, faults=[refused.fault])
    document = Document(text)
    try:
        _refuse_control_characters(text)
        _refuse_anchors(text)
        document.root = _compose(text)
        document.data = _Constructor(document).value(document.root, ())
    except Refused as refused:
        document.faults.append(refused.fault)
        document.data = None
    return document


def _decode(source: str | bytes) -> str:
    if len(source) > MAX_BYTES:
        message = f"The file is larger than `{MAX_BYTES:,}` bytes, the most a pipeline file may have."
        hint = "Keep data in tables or files and let the pipeline read them; split a huge pipeline in several."
        raise Refused(Fault("DF-YAML-001", 1, 1, (), message, hint))
    text = source if isinstance(source, str) else _decode_utf8(source)
    return text.removeprefix("\ufeff")


def _refuse_control_characters(text: str) -> None:
    forbidden = _FORBIDDEN_CHARACTER.search(text)
    if forbidden:
        line, column = spot_of_offset(text, forbidden.start())
        message = f"The control character `U+{ord(forbidden[0]):04X}` is not allowed in YAML."
        hint = "Delete it, or write it as an escape in double quotes."
        raise Refused(Fault("DF-YAML-003", line, column, (), message, hint))


def _decode_utf8(source: bytes) -> str:
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as exc:
        line, column = spot_of_offset(source[: exc.start].decode("utf-8"), exc.start)
        utf16 = source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        hint = "Save the file as UTF-8" + (" instead of UTF-16." if utf16 else " (it may be Latin-1 or Windows-1252).")
        message = f"The byte `0x{source[exc.start]:02X}` is not valid UTF-8; a pipeline file is UTF-8 text."
        raise Refused(Fault("DF-YAML-002", line, column, (), message, hint)) from exc


def spot_of_offset(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, 1-based, of the character at `offset` (0-based)."""
    breaks = [match.end() for match in LINE_BREAK.finditer(text, 0, offset)]
    return len(breaks) + 1, min(offset, len(text)) - (breaks[-1] if breaks else 0) + 1


# ---------------------------------------------------------------- composing


class _Composer(yaml.CSafeLoader):
    """Composes nodes whose tags say only how they were written; what a plain scalar means is decided later."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        # libyaml's composer recurses on the C stack: without this bound `[[[[…` kills the process.
        self._depth += 1
        if self._depth > MAX_DEPTH:
            line, column = _spot(current_node) if current_node is not None else (1, 1)
            message = f"The value is nested deeper than `{MAX_DEPTH}` levels."
            raise Refused(Fault("DF-YAML-004", line, column, (), message, "A pipeline needs about six levels."))

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return _MAP if kind is yaml.MappingNode else _LIST


def _compose(text: str) -> yaml.Node:
    try:
        root: yaml.Node | None = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as exc:
        raise Refused(_syntax_fault(exc, text)) from exc
    except yaml.YAMLError as exc:
        raise Refused(Fault("DF-YAML-010", 1, 1, (), f"The file is not valid YAML: {exc}.")) from exc
    if root is None:
        hint = "Start with `dataflow new ID`, or with `apiVersion: dataflow/v1`."
        raise Refused(Fault("DF-YAML-005", 1, 1, (), "The file is empty; a pipeline is a map of keys.", hint))
    return root


# Part of libyaml's message → our sentence and a hint.
_SYNTAX: dict[str, tuple[str, str]] = {
    "cannot start any token": ("The character `{at}` cannot start a value here.", "Put the value in quotes."),
    "found another document": (
        "A second document starts here; a pipeline file holds one.",
        "Delete the `---` line.",
    ),
    "mapping values are not allowed": (
        "A `:` stands where no key can be.",
        "Put a value that holds `: ` in quotes, and check the indent.",
    ),
    "could not find expected ':'": (
        "A key without `:` ends here.",
        "Write `key: value`; put a text over several lines below `|`.",
    ),
    "did not find expected node content": (
        "A value was expected here.",
        "Write the value; put text that starts with a sign in quotes.",
    ),
    "did not find expected key": (
        "A key was expected here.",
        "Check quotes and the indent: keys of one map start in one column.",
    ),
    "did not find expected '-' indicator": (
        "A list item was expected here.",
        "Items of one list start with `- ` in one column.",
    ),
    "did not find expected ',' or ']'": ("The list that starts here with `[` is not closed.", "Write `[a, b]`."),
    "did not find expected ',' or '}'": ("The map that starts here with `{{` is not closed.", "Write `{a: 1, b: 2}`."),
    "found unexpected end of stream": ("The quoted text that starts here is not closed.", "Close the quote."),
    "unknown escape character": (
        "A backslash escape in double quotes is unknown.",
        "Use single quotes for text with backslashes.",
    ),
    "found undefined tag handle": ("A tag starts here; tags are not allowed.", "Delete the tag."),
    "found incompatible YAML document": ("The `%YAML` line asks for another version.", "Delete the line."),
}


def _syntax_fault(exc: yaml.MarkedYAMLError, text: str) -> Fault:
    mark = exc.problem_mark or exc.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    rows = LINE_BREAK.split(text)
    if line > len(rows) or (line == len(rows) > 1 and not rows[-1]):  # libyaml's end of the file lies behind it
        line = max(number for number, row in enumerate(rows, 1) if row or number == 1)
        column = len(rows[line - 1]) + 1
    row = rows[line - 1]
    if "\t" in row[:column] and not row[: column - 1].strip():
        tab = row.index("\t") + 1
        return Fault(
            "DF-YAML-006",
            line,
            tab,
            (),
            "A tab indents this line; YAML indents by spaces.",
            "Replace the tab by spaces.",
        )
    problem = exc.problem or "unreadable"
    at = row[column - 1 : column] or "end of line"
    for part, (message, hint) in _SYNTAX.items():
        if part in problem:
            if "that starts here" in message and exc.context_mark is not None:
                line, column = exc.context_mark.line + 1, exc.context_mark.column + 1
            return Fault("DF-YAML-010", line, column, (), message.format(at=at), hint)
    return Fault(
        "DF-YAML-010", line, column, (), f"The YAML cannot be read here: {problem}.", "Check indent and quotes."
    )


def _refuse_anchors(text: str) -> None:
    """Anchors and aliases leave no trace in composed nodes, so texts that may hold one are scanned by events first."""
    if not _ANCHOR_LIKE.search(text):
        return
    try:
        for event in yaml.parse(text, Loader=_Composer):
            if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
                raise Refused(_anchor_fault(event))
    except yaml.YAMLError:
        return  # composing reports it with its place


def _anchor_fault(event: yaml.NodeEvent) -> Fault:
    name = ("*" if isinstance(event, yaml.AliasEvent) else "&") + str(event.anchor)
    mark = event.start_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    message = f"`{name}` is an anchor or alias; they are not allowed in a pipeline."
    hint = "Write the value out; put text that starts with `&` or `*` in quotes."
    return Fault("DF-YAML-007", line, column, (), message, hint)


# ---------------------------------------------------------------- constructing


class _Constructor:
    """Turns nodes into data; what the subset refuses becomes a fault and construction goes on."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, node: yaml.Node, path: Path) -> Any:
        tag = node.tag
        if tag not in _OWN_TAGS:
            self._fault(
                "DF-YAML-008",
                node,
                path,
                f"The tag `{_short(tag)}` is not allowed; a tag could name code.",
                "Delete the tag.",
            )
        if isinstance(node, yaml.ScalarNode):
            return self._plain(node, path) if tag == _PLAIN else node.value
        if isinstance(node, yaml.MappingNode):
            return self._map(node, path)
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _plain(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        try:
            value, ambiguous = read_plain(text)
        except Unreadable as exc:
            self._fault(
                "DF-YAML-012",
                node,
                path,
                f"`{_short(text)}` {exc}.",
                f'Write it in quotes if it is text: `"{_short(text)}"`.',
            )
            return None
        if ambiguous:
            self._document.ambiguous[path] = ambiguous
        return value

    def _map(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key_node.tag is not _PLAIN or not is_surely_text(key):
                key = self._key(key_node, path)
                if key is None:
                    continue
            if key in result:
                self._fault(
                    "DF-YAML-009",
                    key_node,
                    (*path, key),
                    f"The key `{key}` stands twice in one map.",
                    self._first(node, key),
                )
                continue
            result[key] = self.value(value_node, (*path, key))
        return result

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._fault(
                "DF-YAML-011", node, path, "A map or a list cannot be a key; keys are text.", "Put the key in quotes."
            )
            return None
        text: str = node.value
        if node.tag not in _OWN_TAGS:
            self._fault("DF-YAML-008", node, path, f"The tag `{_short(node.tag)}` is not allowed.", "Delete the tag.")
        if node.tag == _PLAIN:
            kind = _key_kind(text)
            if kind:
                self._fault(
                    "DF-YAML-011",
                    node,
                    path,
                    f"The key `{_short(text)}` is {kind} in YAML; keys are text.",
                    f'Write `"{_short(text)}":`.',
                )
                return None
        return text

    def _first(self, node: yaml.MappingNode, key: str) -> str:
        first = next(k for k, _ in node.value if k.value == key)
        return f"It is first given in line {first.start_mark.line + 1}; keep one."

    def _fault(self, code: str, node: yaml.Node, path: Path, message: str, hint: str) -> None:
        line, column = _spot(node)
        self._document.faults.append(Fault(code, line, column, path, message, hint))


def _key_kind(text: str) -> str | None:
    """Say what a plain key means when it is no text."""
    if text == "<<":
        return "a merge"
    try:
        value, ambiguous = read_plain(text)
    except Unreadable:
        return "a date"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    return None if isinstance(value, str) and not ambiguous else "a number or date"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _spot(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _stands_at_key(node: yaml.Node) -> bool:
    return not isinstance(node, yaml.ScalarNode) or (node.tag == _PLAIN and not node.value)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Return key and value nodes of one step into a map or list; None when there is no such step."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None
