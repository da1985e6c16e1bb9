"""A task log as passages: what was said, how loud, and where in the chain of errors. Bounded, whatever the log's size.

Reads Airflow's own formats (JSON lines, console, bracketed), Python and Java stack traces and the raw output of
programs that a task started.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 2_000_000
"""How much of a log's end is read; the cause of a failure stands near it."""

_CHUNK = 1_000_000

MAX_LINES = 20_000
MAX_LINE = 4_000
MAX_SEARCHED = 8_000
"""Characters that are searched for causes; of a longer log the loudest passages come first, of these the last."""

ALIKE = 4
"""How many lines that differ only in their digits are read: agreement of more adds nothing."""


class Role(StrEnum):
    """What a passage is in the story of the failure."""

    ROOT = "root"
    CHAINED = "chained"
    STACK = "stack"
    ERROR = "error"
    RAW = "raw"
    PRINTED = "printed"
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
_EXCEPTION = re.compile(
    r"(?:\[java\] |Exception in thread \"[^\"]*\" |Caused by: |---- nested ?|\S+ \| (?:\S+ \| )?)?"
    r"(?P<type>[A-Za-z_][\w.$]*)(?:: |$)"
)
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
    "low on resource", "insufficient", "non-existent", "not be ",
    "no such", "couldn't", "no space", "no more", "not enough", "unexpected", "mismatch", "incorrect", "unsupported",
    "by zero", "does not match", "no matching",
)  # fmt: skip
_NOISE = (
    "openlineage", "py.warnings", "deprecationwarning", "futurewarning", "userwarning", "marking task as",
    "retry policy decision", "::group::", "::endgroup::", "exporting env vars", "rendered template fields",
    "airflow_ctx_", "task instance in failure state", "metrics flushed", "filling up the dagbag",
    "secrets backends loaded", "connection retrieved",
)  # fmt: skip
_PLAIN_EXIT = re.compile(r"Task exited with return code 1\b", re.IGNORECASE)
_PRINTS = re.compile(r"std(?:out|err)\b|subprocess", re.IGNORECASE)
"""Loggers of what a task or its program prints: Airflow gives all of it one level."""
_RECORD_LEVEL = re.compile(r'"level": ?"(?P<level>\w+)"')
_RETRY = re.compile(
    r"(?<!available retries, it )will (?:be )?retr|retrying|retry (?:\d|in )|attempt \d+ (?:of|/) ?\d+|trying again|"
    r"another attempt|backing off|recovered|succeeded (?:on|after)",
    re.IGNORECASE,
)


_TONE = re.compile(
    r"\b(?:error|exception|fail(?:ed|ure|s)?|fatal|denied|cannot|can't|could not|unable|exceed(?:s|ed)?|abort(?:ed)?|"
    r"refused|killed|expired|timed out|not found|rejected|lost|violat\w+|invalid|terminat\w+|stuck|zombie|throttl\w+|"
    r"not exist|full|too (?:many|large|long|big)|unavailable|reset|closed|broken|out of|detected|missing|blocked|"
    r"no longer|oom\w*|deadlock\w*|not (?:allowed|authorized|available)|undefined|unknown|insufficient|non-existent|"
    r"couldn't|no such|no space|no more|not enough|unexpected|mismatch|incorrect|unsupported|by zero|no matching)\b|"
    r"Error\b|Exception\b|timeout\b(?! (?:of|is|set|to|for|=|\d))(?!\s*[:=])",
    re.IGNORECASE,
)
_CALM = re.compile(
    r"[:=] ?0\b|\b(?:0|no|zero) (?:errors?|warnings?|failures?|rejected|failed|violations?|duplicates?)\b|"
    r"^(?:scanning|checking|looking|searching|watching|testing|validating|verifying|monitoring|probing) |"
    r"\bnone (?:expired|failed|rejected|missing|lost|refused|denied|locked)\b|"
    r"\bguarded\b|\bon purpose\b|\bas expected\b|\bif (?:not )?exists\b|\bset to\b|\bconfigured (?:with|to|as)\b|"
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
    passages = list(_passages(_lines(text)))
    # The task ends with its last stack trace; what is logged behind it is clearing up.
    ends = [at for at, passage in enumerate(passages) if passage.role in (Role.ROOT, Role.CHAINED)]
    last = ends[-1] if ends else len(passages)
    return [
        Passage(Role.AFTER, passage.line, passage.text)
        if at > last and passage.role in (Role.INFO, Role.WARNING, Role.RAW, Role.PRINTED)
        else passage
        for at, passage in enumerate(passages)
    ]


# ---------------------------------------------------------------- lines

_SILENT = _Line(0, "", "DEBUG", "", is_noise=True)
_LEVELS = dict.fromkeys(("ERROR", "CRITICAL", "FATAL", "EXCEPTION"), Role.ERROR) | dict.fromkeys(
    ("WARNING", "WARN"), Role.WARNING
)
_NOT_LOUDER = {
    Role.ERROR: (Role.ERROR, Role.WARNING, Role.INFO),
    Role.WARNING: (Role.WARNING, Role.INFO),
    Role.INFO: (Role.INFO,),
}


def _lines(text: str) -> list[_Line]:
    """Return the lines that may matter; where others were left out between them, a silent one stands."""
    rows = text.split("\n")
    first = max(0, len(rows) - MAX_LINES)
    stamped = [at for at in range(first, len(rows)) if rows[at][:1] in _STAMP_STARTS and not _begins_text(rows[at])]
    alarmed = {stamped[at] for at in _rows_with(_ALARMS, [rows[at] for at in stamped])}
    calm = set(stamped) - alarmed
    room = _Room(_last_trace(text))
    found: list[_Line] = []
    for at in range(len(rows) - 1, first - 1, -1):
        if at in calm:
            continue
        row = rows[at].rstrip("\r")[:MAX_LINE]
        found += reversed(_read_row(at, row, room)) if at in alarmed else (_plain(at, row),)
    return found[::-1]


def _plain(at: int, row: str) -> _Line:
    return _Line(at + 1, row, None, "")


def _read_row(at: int, row: str, room: _Room) -> list[_Line]:
    """Return what the row at `at`, from 0, says, if there is room for it."""
    if row.startswith("{") and row.endswith("}"):
        level = _RECORD_LEVEL.search(row)
        if level is not None and '"error_detail"' not in row and not room.has_place(row, level["level"]):
            return [_SILENT]
        event = _json_lines(at + 1, row)
        if event is not None:
            room.fill(at, event[0])
            return event
    match = _STAMPED.match(row)
    if match is None:
        return [_Line(at + 1, row, "INFO", "") if _DATED.match(row) else _plain(at, row)]
    if not room.has_place(row, match["level"]):
        return [_SILENT]
    line = _line(at + 1, match)
    room.fill(at, line)
    return [line]


def _last_trace(text: str) -> int:
    """Return the row, from 0, at which the last stack trace begins; -1 without one."""
    at = max(text.rfind("Traceback (most recent call last)"), text.rfind('"error_detail"'))
    return text.count("\n", 0, at) if at >= 0 else -1


class _Room:
    """What is still searched while rows are asked from the last on: the loudest and latest, few that are alike."""

    def __init__(self, last_trace: int) -> None:
        self._last_trace = last_trace
        self._shapes: Counter[bytes] = Counter()
        self._left = dict.fromkeys((Role.ERROR, Role.WARNING, Role.INFO), MAX_SEARCHED)

    def has_place(self, row: str, level: str) -> bool:
        """Return False only when later rows, as loud or alike, fill what is searched."""
        if self._left[_role_of(level)] <= 0:
            return False
        shape = row.encode("utf-8", "replace").translate(None, b"0123456789")
        self._shapes[shape] += 1
        return self._shapes[shape] <= ALIKE

    def fill(self, at: int, line: _Line) -> None:
        role = _role_of(line.level or "")
        if line.is_noise or (at > self._last_trace >= 0 and role is not Role.ERROR):
            return  # what is logged behind the last stack trace is heard least
        for quieter in _NOT_LOUDER[role]:
            self._left[quieter] -= len(line.text)


def _begins_text(row: str) -> bool:
    """Return whether a bracket begins something other than a stamp, such as `[SQL: INSERT …]` below an exception."""
    return row[:1] == "[" and not row[1:5].isdigit()


def _rows_with(words: Iterable[str], rows: Sequence[str]) -> set[int]:
    """Return which rows, from 0, hold one of the words, written in small letters.

    All rows are searched as one text, which is far cheaper than one by one; those found are left out of it when they
    are many.
    """
    left = list(range(len(rows)))
    # Row by row, since small letters may be longer than capitals.
    lowered = [row.lower() for row in rows]
    text, starts = _joined(lowered)
    found: set[int] = set()
    for word in words:
        hits: set[int] = set()
        at = text.find(word)
        while at >= 0:
            index = bisect_right(starts, at) - 1
            hits.add(index)
            at = text.find(word, starts[index + 1])
        found.update(left[index] for index in hits)
        if len(hits) * 8 > len(left):
            left = [index for index in left if index not in found]
            text, starts = _joined([lowered[index] for index in left])
    return found


def _joined(rows: Sequence[str]) -> tuple[str, list[int]]:
    return "\n".join(rows), [0, *accumulate(len(row) + 1 for row in rows)]


def _line(number: int, match: re.Match[str]) -> _Line:
    text, logger = match["text"], (match["place"] or "").partition(":")[0]
    trailing = _trailing_logger(text)
    leading = None if trailing or logger else _LEADING_LOGGER.match(text)
    if trailing:
        text, logger = text[: trailing.start()].rstrip(), trailing["logger"] or trailing["source"] or ""
    elif leading:
        text, logger = text[leading.end() :], leading["logger"]
    return _Line(number, text, match["level"].upper(), logger, _is_noise(text, logger))


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
    event, logger = str(record["event"])[:MAX_LINE], str(record.get("logger", ""))
    found = [_Line(number, event, level, logger, _is_noise(event, logger))]
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
        if line.level is None and _opens_trace(line.text):
            exception, at = _exception_behind(lines, at + 1)
            if exception is not None:
                chain.append(exception)
            continue
        if line.level is None and (_links(line.text) or not line.text.strip()):
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
            role = _role_of(line.level)
            is_printed = role is Role.INFO and _PRINTS.search(line.logger) is not None
            yield Passage(Role.PRINTED if is_printed else role, line.number, line.text)
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
    return _opens_trace(text) or _links(text)


def _opens_trace(text: str) -> bool:
    return "Traceback (" in text and _TRACEBACK.match(text) is not None


def _links(text: str) -> bool:
    return "above exception" in text and _LINK.search(text) is not None


def _loose(lines: list[_Line], at: int) -> tuple[Passage | None, int]:
    """Return an unstamped passage: an exception before its frames (short traces, Java), or raw output."""
    line = lines[at]
    if _is_frame(line.text):
        return None, at + 1
    at += 1
    if not _is_exception(line.text):
        return Passage(Role.RAW, line.number, line.text), at
    text = [line.text]
    while at < len(lines) and lines[at].level is None and lines[at].text.strip():
        follower = lines[at].text
        if _ends_message(follower) or _is_exception(follower):
            break
        if not _is_frame(follower):
            text.append(follower)
        at += 1
    is_short_form = _FRAME.match(lines[at - 1].text) is not None and "File " in lines[at - 1].text
    return Passage(Role.ROOT if is_short_form else Role.STACK, line.number, "\n".join(text[:40])), at


def _is_frame(text: str) -> bool:
    if "at " not in text and "File " not in text and "... " not in text:
        return False
    return _FRAME.match(text) is not None or _JAVA_FRAME.match(text) is not None


def _is_exception(text: str) -> bool:
    match = _EXCEPTION.match(text)
    if match is None:
        return False
    type_ = match[1]
    return ("." in type_ or _EXCEPTION_NAME.search(type_) is not None) and not type_.islower()


def _is_noise(text: str, logger: str) -> bool:
    said = f"{text}\n{logger}".lower()
    return any(words in said for words in _NOISE) or _PLAIN_EXIT.search(text) is not None


def _role_of(level: str) -> Role:
    return _LEVELS.get(level.upper(), Role.INFO)
