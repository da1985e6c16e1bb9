"""One canonical layout for pipeline files: key order and indentation, with every comment, quote and value as written.

Works in two steps. Keys are reordered as blocks of text, each with the comments right above it; then ruamel.yaml lays
the text out again. What comes out is compared with what went in, so that a defect of ours can lose nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.resolver import VersionedResolver

from dataflow_provider.errors import AuthorError, InternalError, Place
from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.models import Pipeline

PIPELINE_ORDER = tuple(Pipeline.model_fields)
NODE_ORDER = (
    "type", "description", "enabled", "from", "after", "connection",
    "table", "topic", "path", "query", "format", "options", "pagination", "records", "schema",
    "kind", "how", "keys", "condition", "null_safe", "expect", "right_prefix", "mode", "match",
    "partition_by", "order_by", "frame", "columns", "where",
    "incremental", "partition", "fetch_size", "on_bad_record",
    "drop", "rename", "group_by", "aggregates", "having", "keep", "limit", "offset",
    "sample", "column", "value", "values", "aggregate", "keep_nulls", "routes", "default", "exclusive",
    "rules", "reference", "max_age", "min_rows", "max_rows", "compare_runs", "against", "measures", "tolerance",
    "threshold", "severity", "task", "prompt", "inputs", "outputs", "batch_size", "max_cost", "on_error",
    "write", "create", "on_schema_drift", "pre_sql", "post_sql",
    "sensitive", "checkpoint", "retries", "retry_delay", "retry_backoff", "timeout", "pool", "isolation", "session",
)  # fmt: skip

_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)


def format_pipeline(text: str) -> str:
    """Return the text in canonical layout, ending in one newline; formatting it again changes nothing.

    `text` must load (`parse_pipeline` with a pipeline): the caller refuses others.

    Raises:
        AuthorError: when a text without quotes is YAML for libyaml, which reads pipelines, and none by the letter.
        InternalError: when the layout would have changed a value or lost a comment; nothing was written then.
    """
    try:
        ordered = _order_keys(text.replace("\r\n", "\n").removeprefix("\ufeff"))
        formatted = _align_comments(_lay_out(_lay_out(ordered)))
    except (yaml.MarkedYAMLError, MarkedYAMLError) as error:
        mark = error.problem_mark
        raise AuthorError(
            "DF-FMT-002",
            f"the file cannot be formatted: {error.problem}",
            place=Place(line=mark.line + 1, column=mark.column + 1) if mark else None,
            hint='Put the text there in quotes: `"…"`.',
        ) from error
    if read_document(formatted).data != read_document(text).data or comments_of(formatted) != comments_of(ordered):
        raise InternalError(
            "DF-FMT-001",
            "the formatted text would not say the same as the file",
            hint="The file is left as it is. Please report it together with the file.",
        )
    return formatted


def comments_of(text: str) -> list[str]:
    """Return every comment in the order of the text, without the space behind it."""
    return [
        comment.group().rstrip()
        for start, end in _gaps(text)
        for comment in _COMMENT.finditer(text[start:end] if start == 0 else text[start - 1 : end])
    ]


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of text between scalars: a `#` inside a scalar is no comment."""
    at = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark.index, token.end_mark.index
            if token.style in ("|", ">"):
                first_line_end = text.index("\n", start) if "\n" in text[start:] else len(text)
                yield at, first_line_end
                at = max(end - 1, first_line_end) if end > start else first_line_end
                continue
            yield at, start
            at = end
    yield at, len(text)


# ---------------------------------------------------------------- order of keys


def _order_keys(text: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise InternalError("DF-FMT-001", "only a file that loads can be formatted")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    nodes = next((value for key, value in root.value if key.value == "nodes"), None)
    for _, node in reversed(nodes.value if isinstance(nodes, yaml.MappingNode) and not nodes.flow_style else []):
        _order_mapping(lines, node, NODE_ORDER)
    root = yaml.compose("".join(lines), Loader=yaml.SafeLoader)
    _order_mapping(lines, root, PIPELINE_ORDER)
    return "".join(lines)


def _order_mapping(lines: list[str], mapping: Any, order: Sequence[str]) -> None:
    """Put the blocks of a block mapping in order; what stands above its first key speaks of the whole and stays."""
    if not isinstance(mapping, yaml.MappingNode) or mapping.flow_style or len(mapping.value) < 2:
        return
    column = mapping.value[0][0].start_mark.column
    heads = [key.start_mark.line for key, _ in mapping.value]
    # A mapping behind `- ` or `? ` shares its first line with its parent; nodes and the top level never do.
    starts = [heads[0], *(_with_comments_above(lines, line, column) for line in heads[1:])]
    end = _end_of(lines, mapping, column)
    bounds = [*starts, end]
    blocks = [lines[bounds[number] : bounds[number + 1]] for number in range(len(starts))]
    names = [str(key.value) for key, _ in mapping.value]
    rank = {name: number for number, name in enumerate(order)}
    wanted = sorted(range(len(names)), key=lambda number: (rank.get(names[number], len(rank)), number))
    lines[starts[0] : end] = [line for number in wanted for line in blocks[number]]


def _with_comments_above(lines: list[str], line: int, column: int) -> int:
    """Return the first line of the comments and blank lines above a key that are its own."""
    start = line
    while start > 0 and _is_trivia(lines[start - 1], column):
        start -= 1
    return start


def _is_trivia(line: str, column: int) -> bool:
    stripped = line.strip()
    return not stripped or (stripped.startswith("#") and _indent(line) <= column)


def _end_of(lines: list[str], mapping: Any, column: int) -> int:
    """Return the line behind the mapping's last value; trivia between it and what follows belongs to what follows."""
    last_key = mapping.value[-1][0]
    end: int = last_key.start_mark.line + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > column):
        end += 1
    while end > last_key.start_mark.line + 1 and not lines[end - 1].strip():
        end -= 1
    return end


# ---------------------------------------------------------------- layout


class _PlainResolver(VersionedResolver):
    """Takes every plain scalar as text, so that `1_000`, `yes` and timestamps leave as they came."""

    @property
    def versioned_resolver(self) -> dict[str | None, list[Any]]:
        return {}


def _lay_out(text: str) -> str:
    printer = YAML()
    printer.Resolver = _PlainResolver
    printer.preserve_quotes = True
    printer.width = 4096
    printer.indent(mapping=2, sequence=4, offset=2)
    printed = io.StringIO()
    printer.dump(printer.load(text), printed)
    return printed.getvalue().strip("\n") + "\n"


def _align_comments(text: str) -> str:
    """A comment on a line of its own stands where the line above or below it begins; ruamel leaves its old column."""
    lines = text.splitlines(keepends=True)
    inside = _lines_inside_scalars(text)
    is_comment = [line.lstrip(" ").startswith("#") and number not in inside for number, line in enumerate(lines)]
    below = 0
    for number in range(len(lines) - 1, -1, -1):
        if not is_comment[number]:
            below = _indent(lines[number]) if lines[number].strip() and number not in inside else below
        elif _indent(lines[number]) not in (below, _indent_above(lines, number, is_comment, inside)):
            lines[number] = " " * below + lines[number].lstrip(" ")
    return "".join(lines)


def _indent_above(lines: Sequence[str], number: int, is_comment: Sequence[bool], inside: set[int]) -> int:
    """A comment right behind a line may speak of it; behind an empty line it speaks of what follows."""
    above = (at for at in range(number - 1, -1, -1) if not is_comment[at] and at not in inside)
    nearest = next(above, None)
    return _indent(lines[nearest]) if nearest is not None and lines[nearest].strip() else -1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _lines_inside_scalars(text: str) -> set[int]:
    """The lines, from 0, that continue a scalar begun on an earlier line."""
    inside: set[int] = set()
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            ends_before = token.end_mark.column == 0
            inside.update(range(token.start_mark.line + 1, token.end_mark.line + (0 if ends_before else 1)))
    return inside
