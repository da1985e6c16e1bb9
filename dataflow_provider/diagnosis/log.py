"""A task log as passages: what was said, how loud, and where in the chain of errors. Bounded, whatever the log's size.

Reads Airflow's own formats (JSON lines, console, bracketed), Python and Java stack traces and the raw output of
programs that a task started.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 2_000_000
"""How much of a log's end is read; the cause of a failure stands near it."""

_CHUNK = 1_000_000

MAX_LINES = 20_000
MAX_LINE = 4_000


class Role(StrEnum):
    """What a passage is in the story of the failure."""

    ROOT = "root"
    CHAINED = "chained"
    STACK = "stack"
    ERROR = "error"
    RAW = "raw"
    WARNING = "warning"
    INFO = "info"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Passage:
    """One statement of the log: `line` is where it begins, from 1; its text may span lines."""

    role: Role
    line: int
    text: str


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    level: str | None
    logger: str
    is_noise: bool = False


_STAMPED = re.compile(
    r"^\[?\d{4}-\d\d-\d\d[T ,]+\d\d:\d\d:\d\d[^\s\]]*(?: UTC| [+-]\d{4})?\]?[ ,-]*(?:\{(?P<place>[^}]*)\} *)?"
    r"\[?(?P<level>DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL|EXCEPTION)\s*\]?[ :-]*(?P<text>.*)$",
    re.IGNORECASE,
)
_STAMP_STARTS = frozenset("0123456789[{")
_DATED = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ,]+\d\d:\d\d:\d\d")
_LOGGER = re.compile(r"\s+\[(?P<logger>[\w.]+)\](?: [\w.]+=.*)?$|:? source=\"?(?P<source>[\w.-]+)\"?(?: loc=\S+)?$")
_LAST_LOGGER = re.compile(r" \[(?P<logger>[\w.]+)\](?: [\w.]+=.*)?$(?P<source>(?!))?")
_LEADING_LOGGER = re.compile(r"^(?P<logger>[a-z_][\w.]*): ")
_FRAME = re.compile(r'^\s*(?:File "[^"]*", line \d+|at [\w$.<>]+\(|at \S+ \S+\.go:\d+|\.\.\. \d+ (?:more|common))')
_JAVA_FRAME = re.compile(r"^(?:\[java\] |\S+ \| )?\s*(?:at [\w$./<>]+\([^)]*\)|\.\.\. \d+ more)")
_TRACEBACK = re.compile(r"^(?:\S+ \| )?\s*Traceback \(most recent call last\):")
_LINK = re.compile(r"(?:The above exception was the direct cause|During handling of the above exception)")
_EXCEPTION = re.compile(r"^(?:\S+ \| )?(?P<type>[A-Za-z_][\w.$]*)(?:: |$)")
_EXCEPTION_NAME = re.compile(
    r"(?:Error|Exception|Timeout|Exit|Interrupt|Warning|Iteration|Refused|Closed|NotFound|Denied|Failure|Failed|Down|Stopped|Skip|Invalid|Key|Violation|Detected)\w*$"
)
# A stamped line without any of these tells of no failure and is not looked at.
_ALARMS = (
    "error", "exception", "fail", "fatal", "critical", "warn", "cause", "cannot", "can't", "could not", "denied",
    "exceed", "refus", "kill", "expir", "timed out", "timeout", "ora-", "not found", "not exist", "stuck", "lost",
    "duplicate", "invalid", "unable", "too ", "out of", "lock", "violat", "overflow", "truncat", "missing",
    "undefined", "unknown", "reject", "zombie", "heartbeat", "forbidden", "authoriz", "throttl", "quota", "abort",
    "terminat", "syntax", "unavailable", "reset", "closed", "broken", "corrupt", "malformed", "queued", "time is out",
    "sqlstate", "exhaust", "enospc", "edquot", "eacces", "enoent", "etimedout", "econn", "backoff", "pressure",
    "low on resource", "insufficient",
)  # fmt: skip
_NOISE = re.compile(
    r"openlineage|py\.warnings|DeprecationWarning|FutureWarning|UserWarning|Marking task as|Retry policy decision|"
    r"::(?:end)?group::|Exporting env vars|Rendered template fields|AIRFLOW_CTX_|Task exited with return code 1\b|"
    r"Task instance in failure state|metrics flushed|Filling up the DagBag|Secrets backends"
    r" loaded|Connection Retrieved",
    re.IGNORECASE,
)
_NOISE_WORDS = (
    "openlineage", "py.warnings", "deprecationwarning", "futurewarning", "userwarning", "marking task as",
    "retry policy decision", "group::", "exporting env vars", "rendered template fields", "airflow_ctx_",
    "task exited with return code 1", "task instance in failure state", "metrics flushed", "filling up the dagbag",
    "secrets backends", "connection retrieved",
)  # fmt: skip
"""One of them stands in every text that `_NOISE` matches."""
_RETRY = re.compile(
    r"will (?:be )?retr|retrying|retry (?:\d|in )|attempt \d+ (?:of|/) ?\d+|trying again|another attempt|backing off|"
    r"recovered|succeeded (?:on|after)",
    re.IGNORECASE,
)


_TONE = re.compile(
    r"\b(?:error|exception|fail(?:ed|ure|s)?|fatal|denied|cannot|can't|could not|unable|exceed(?:s|ed)?|abort(?:ed)?|"
    r"refused|killed|expired|timed out|not found|rejected|lost|violat\w+|invalid|terminat\w+|stuck|zombie|throttl\w+|"
    r"not exist|full|too (?:many|large|long|big)|unavailable|reset|closed|broken|out of|detected|missing|blocked|"
    r"no longer|oom\w*|deadlock\w*|not (?:allowed|authorized|available)|undefined|unknown|insufficient)\b|"
    r"Error\b|Exception\b|timeout\b(?! (?:of|is|set|to|for|=|\d))(?!\s*[:=])",
    re.IGNORECASE,
)
_CALM = re.compile(
    r"[:=] ?0\b|\b(?:0|no|zero) (?:errors?|warnings?|failures?|rejected|failed|violations?|duplicates?)\b|\bguarded\b|"
    r"\bon purpose\b|\bas expected\b|\bif (?:not )?exists\b|\bset to\b|\bconfigured (?:with|to|as)\b|"
    r"\bRunning statement\b|\bhandled\b|\bignored\b|\bwill be skipped\b",
    re.IGNORECASE,
)


def is_calm(text: str) -> bool:
    """Return whether a plain line only mentions what can go wrong: a count of none, a setting, a statement.

    >>> is_calm("lock timeout 30 s"), is_calm("could not obtain lock on row")
    (True, False)
    """
    return _CALM.search(text) is not None or _TONE.search(text) is None


def is_retry_noise(text: str) -> bool:
    """Return whether the text tells of a failure that something else already dealt with."""
    return _RETRY.search(text) is not None


def read_log(path: Path) -> str:
    """Return the end of the log, at most `MAX_BYTES`, as text; bytes that are no UTF-8 are replaced."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - MAX_BYTES))
        return stream.read(MAX_BYTES).decode("utf-8", errors="replace")


def read_stream_end(stream: BinaryIO) -> str:
    """Return the end of a stream that cannot be sought, at most `MAX_BYTES`, whatever its length."""
    kept = b""
    while chunk := stream.read(_CHUNK):
        kept = (kept + chunk)[-MAX_BYTES:]
    return kept.decode("utf-8", errors="replace")


def keep_end(lines: Iterable[str]) -> str:
    r"""Return the last lines as text, about `MAX_BYTES` characters of them, however many run by.

    >>> keep_end(["a", "b"])
    'a\nb\n'
    """
    kept: deque[str] = deque()
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line) + 1
        while size > MAX_BYTES and len(kept) > 1:
            size -= len(kept.popleft()) + 1
    return "".join(f"{line}\n" for line in kept)


def read_passages(text: str) -> list[Passage]:
    """Return the passages of a log in their order; an empty log has none."""
    lines = list(_lines(text))
    passages = list(_passages(lines))
    # The task ends with its last stack trace; what is logged behind it is clearing up.
    ends = [at for at, passage in enumerate(passages) if passage.role in (Role.ROOT, Role.CHAINED)]
    last = ends[-1] if ends else len(passages)
    return [
        Passage(Role.AFTER, passage.line, passage.text)
        if at > last and passage.role in (Role.INFO, Role.WARNING, Role.RAW)
        else passage
        for at, passage in enumerate(passages)
    ]


# ---------------------------------------------------------------- lines


def _lines(text: str) -> Iterator[_Line]:
    rows = text.split("\n")
    first = max(0, len(rows) - MAX_LINES)
    hay = _Haystack(rows[first:])
    alarmed, noisy = hay.rows_with(_ALARMS), hay.rows_with(_NOISE_WORDS)
    for number, row in enumerate(rows[first:], first + 1):
        if row[:1] in _STAMP_STARTS and number - first - 1 not in alarmed and not _begins_text(row):
            continue
        row = row.rstrip("\r")[:MAX_LINE]
        if row.startswith("{") and row.endswith("}"):
            event = _json_lines(number, row)
            if event is not None:
                yield from event
                continue
        line = _line(number, row)
        yield replace(line, is_noise=_is_noise(line)) if number - first - 1 in noisy else line


def _begins_text(row: str) -> bool:
    """Return whether a bracket begins something other than a stamp, such as `[SQL: INSERT …]` below an exception."""
    return row[:1] == "[" and not row[1:5].isdigit()


class _Haystack:
    """Rows in small letters as one text: one search over all of them for a word is far cheaper than one a row."""

    def __init__(self, rows: list[str]) -> None:
        lowered = [row.lower() for row in rows]  # row by row: small letters may be longer than capitals
        self._text = "\n".join(lowered)
        self._starts = [0, *accumulate(len(row) + 1 for row in lowered)]

    def rows_with(self, words: tuple[str, ...]) -> set[int]:
        """Return which rows, from 0, hold one of the words."""
        found: set[int] = set()
        text, starts = self._text, self._starts
        for word in words:
            at = text.find(word)
            while at >= 0:
                index = bisect_right(starts, at) - 1
                found.add(index)
                at = text.find(word, starts[index + 1])
            if len(found) == len(starts) - 1:
                break
        return found


def _line(number: int, row: str) -> _Line:
    match = _STAMPED.match(row) if row[:1] in "[0123456789" else None
    if match is None:
        return _Line(number, row, "INFO" if row[:1] in "[0123456789" and _DATED.match(row) else None, "")
    text, logger = match["text"], (match["place"] or "").partition(":")[0]
    trailing = _trailing_logger(text)
    leading = None if trailing or logger else _LEADING_LOGGER.match(text)
    if trailing:
        text, logger = text[: trailing.start()].rstrip(), trailing["logger"] or trailing["source"] or ""
    elif leading:
        text, logger = text[leading.end() :], leading["logger"]
    return _Line(number, text, match["level"].upper(), logger)


def _trailing_logger(text: str) -> re.Match[str] | None:
    """Return the name of the logger behind a text; nearly always it stands in the last brackets."""
    at = text.rfind(" [")
    last = _LAST_LOGGER.match(text, at) if at >= 0 else None
    if last is not None:
        return last
    return _LOGGER.search(text) if "=" in text else None


def _json_lines(number: int, row: str) -> list[_Line] | None:
    """Return a structured record of Airflow 3 as lines, its stack trace as Python would print it."""
    try:
        record = json.loads(row)
    except ValueError:
        return None
    if not isinstance(record, dict) or "event" not in record:
        return None
    level = str(record.get("level", "info")).upper()
    event = _Line(number, str(record["event"])[:MAX_LINE], level, str(record.get("logger", "")))
    found = [replace(event, is_noise=_is_noise(event))]
    details = record.get("error_detail") or []
    for at, detail in enumerate(reversed(details) if isinstance(details, list) else []):
        if at:
            found.append(
                _Line(number, "The above exception was the direct cause of the following exception:", None, "")
            )
        found.append(_Line(number, "Traceback (most recent call last):", None, ""))
        value = str(detail.get("exc_value", ""))
        text = f"{detail.get('exc_type', 'Exception')}: {value}"
        found += [_Line(number, one[:MAX_LINE], None, "") for one in text.split("\n")]
        found.append(_Line(number, "", None, ""))
    return found


# ---------------------------------------------------------------- passages


def _passages(lines: list[_Line]) -> Iterator[Passage]:
    at = 0
    chain: list[Passage] = []
    while at < len(lines):
        line = lines[at]
        if line.level is None and _TRACEBACK.match(line.text):
            exception, at = _exception_behind(lines, at + 1)
            if exception is not None:
                chain.append(exception)
            continue
        if line.level is None and (_LINK.search(line.text) or not line.text.strip()):
            at += 1
            continue
        if chain:
            yield from _close(chain)
            chain = []
        if line.level is None:
            passage, at = _loose(lines, at)
            if passage is not None:
                yield passage
            continue
        at += 1
        if not line.is_noise:
            yield Passage(_role_of(line), line.number, line.text)
    yield from _close(chain)


def _close(chain: list[Passage]) -> Iterator[Passage]:
    """Yield the exceptions of one chain: the first is what happened, all others are what was made of it."""
    for number, passage in enumerate(chain):
        yield Passage(Role.CHAINED if number else Role.ROOT, passage.line, passage.text)


def _exception_behind(lines: list[_Line], at: int) -> tuple[Passage | None, int]:
    """Return the exception below the frames of a traceback, with all lines of its message, and where it ends."""
    while (
        at < len(lines)
        and lines[at].level is None
        and (lines[at].text.startswith((" ", "\t")) or _FRAME.match(lines[at].text))
    ):
        at += 1
    begin = at
    text: list[str] = []
    while at < len(lines) and lines[at].level is None and not _ends_message(lines[at].text):
        if not _FRAME.match(lines[at].text):
            text.append(lines[at].text)
        at += 1
    if not text:
        return None, max(at, begin)
    return Passage(Role.ROOT, lines[begin].number, "\n".join(text[:40]).rstrip()), at


def _ends_message(text: str) -> bool:
    return bool(_TRACEBACK.match(text) or _LINK.search(text))


def _loose(lines: list[_Line], at: int) -> tuple[Passage | None, int]:
    """Return an unstamped passage: an exception before its frames (short traces, Java), or raw output."""
    line = lines[at]
    if _JAVA_FRAME.match(line.text) or _FRAME.match(line.text):
        return None, at + 1
    text = [line.text]
    role = Role.STACK if _is_exception(line.text) else Role.RAW
    number = line.number
    at += 1
    while role is Role.STACK and at < len(lines) and lines[at].level is None and lines[at].text.strip():
        follower = lines[at].text
        if _TRACEBACK.match(follower) or _LINK.search(follower) or _is_exception(follower):
            break
        if _FRAME.match(follower) or _JAVA_FRAME.match(follower):
            at += 1
            if follower.lstrip().startswith("File "):
                role = Role.STACK
            continue
        text.append(follower)
        at += 1
    joined = "\n".join(text[:40])
    short_form = (
        role is Role.STACK and at - 1 > 0 and _FRAME.match(lines[at - 1].text) and "File " in lines[at - 1].text
    )
    return Passage(Role.ROOT if short_form else role, number, joined), at


def _is_exception(text: str) -> bool:
    stripped = re.sub(r"^(?:\[java\] |\S+ \| |Exception in thread \"[^\"]*\" |Caused by: |---- nested ?)", "", text)
    match = _EXCEPTION.match(stripped)
    return bool(
        match and ("." in match["type"] or _EXCEPTION_NAME.search(match["type"])) and not match["type"].islower()
    )


def _is_noise(line: _Line) -> bool:
    return _NOISE.search(line.text) is not None or _NOISE.search(line.logger) is not None


def _role_of(line: _Line) -> Role:
    if line.level in ("ERROR", "CRITICAL", "FATAL", "EXCEPTION"):
        return Role.ERROR
    if line.level in ("WARNING", "WARN"):
        return Role.WARNING
    return Role.INFO
