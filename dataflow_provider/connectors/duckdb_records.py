"""What DuckDB says of one record of a file, in our words: which line of which file, why, and no value of it.

DuckDB's own text holds the line, the options it was called with, and advice to set options that nodes do not have.
"""

from __future__ import annotations

import re

from dataflow_provider.errors import TerminalError

_GO_ON = "Correct it, or set `on_bad_record: reject` (or `skip`) to go on without it."
_ENCODING = "Name the encoding that the file has: `options: {encoding: latin-1}`, or utf-16."
_COMPLETE = "Look whether it is complete and of the format and compression that the node names."
_DIGITS = 'Have the number written as a text (`"12.5"`), which is read digit by digit, or declare DOUBLE.'
_CSV = re.compile(r"CSV Error on Line: (\d+)\n(.*?)\n  file = ([^\n]*)\n", re.DOTALL)
_CSV_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r'^Error when converting column "(.*?)"\..* to \'(\w.*?)\'$', re.MULTILINE),
        r"its field `{0}` is no {1}",
    ),
    (
        re.compile(r"^Expected Number of Columns: (\d+) Found: (\d+)", re.MULTILINE),
        "expected {0} fields, found {1}",
    ),
    (re.compile(r"^Invalid unicode", re.MULTILINE), "it is not valid UTF-8"),
    (
        re.compile(r"^Value with unterminated quote", re.MULTILINE),
        "a quote in it is not closed, or stands inside a value",
    ),
    (re.compile(r"^Maximum line size of (\d+) bytes exceeded", re.MULTILINE), "it is longer than {0} bytes"),
)
_CSV_FORM = re.compile(r"The CSV Parser state machine reached an invalid state.*?\n  file = ([^\n]*)\n", re.DOTALL)
_CSV_ENCODING = re.compile(r"File is not ([\w-]+) encoded")
_JSON = re.compile(
    r'(?:JSON transform error|Malformed JSON) in file "(.*?)",(?: at byte (\d+))? in (line|record/value) (\d+): (.*)',
    re.DOTALL,
)
# What `json_decimals` raises.
_JSON_FIELD = re.compile(r"JSON field (.*?)(?: of file (.*))? (?:(loses digits)|is no (.*))$", re.MULTILINE)
_JSON_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Failed to cast value to (numerical|decimal)"), "a value is no number, or too large for its type"),
    (re.compile(r"Failed to cast value to (\w+)"), "a value is no {0}"),
    (re.compile(r"(?:invalid )?(date|time|timestamp) field (?:format|value)"), "a value is no {0}"),
    (re.compile(r"Unable to cast .* to (\w+)"), "a value is no {0}"),
    (re.compile(r"Expected (\w+), but got (\w+)"), "{1} stands where {0} is expected"),
    (re.compile(r'has duplicate key "(.*?)"'), "two of its fields have the name `{0}`"),
    (re.compile(r"(unexpected end of data|invalid UTF-8 encoding)"), "it is no JSON: {0}"),
)
_JSON_SIZE = re.compile(r'"maximum_object_size" of (\d+) bytes exceeded while reading file "(.*?)"')
_NO_FILE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"No magic bytes found at end of file '(.*?)'"), "it is no Parquet file, or not whole"),
    (re.compile(r"File '(.*?)' too small to be a Parquet file"), "it is no Parquet file, or not whole"),
    (re.compile(r"Input is not a GZIP stream: (.*)"), "it is not packed by gzip"),
)
_JSON_DEPTH = re.compile(r"JSON exceeds maximum recursion depth of (\d+)")


def record_error(text: str) -> TerminalError | None:
    """Return `DF-READ-001` for a message of DuckDB about a record, `DF-FILE-017` about a file; None for any other."""
    return _csv_error(text) or _json_error(text) or _file_error(text)


def _csv_error(text: str) -> TerminalError | None:
    if found := _CSV.search(text):
        line, told, path = found.groups()
        reason = _reason(told, _CSV_REASONS) or "it is no line of CSV with these options"
        hint = f"{_ENCODING} {_GO_ON}" if "UTF-8" in reason else _GO_ON
        return _error(f"line {line} of `{path}`", reason, hint)
    if found := _CSV_FORM.search(text):
        hint = "Check `delimiter`, `quote` and `escape` of the node, and that all lines end alike."
        return _error(f"`{found[1]}`", "its lines are no CSV with these options", hint)
    if found := _CSV_ENCODING.search(text):
        return _error("a file", f"it is not in the encoding {found[1]}", _ENCODING)
    return None


def _json_error(text: str) -> TerminalError | None:
    if found := _JSON.search(text):
        path, _, unit, number, told = found.groups()
        # DuckDB's count of lines is not exact.
        place = f"about {'line' if unit == 'line' else 'record'} {number} of `{path}`"
        return _error(place, _reason(told, _JSON_REASONS) or "it is no JSON", _GO_ON)
    if found := _JSON_FIELD.search(text):
        name, path, loses_digits, kind = found.groups()
        place = f"a record of `{path}`" if path else "a record"
        if loses_digits:
            return _error(place, f"its field `{name}` has more digits than a JSON number keeps", f"{_DIGITS} {_GO_ON}")
        return _error(place, f"its field `{name}` is no {kind}", _GO_ON)
    if found := _JSON_SIZE.search(text):
        return _error(f"an object of `{found[2]}`", f"it is longer than {found[1]} bytes", _COMPLETE)
    if found := _JSON_DEPTH.search(text):
        reason = f"an object is nested deeper than {found[1]} levels"
        return _error("a record", reason, f"{_GO_ON} A `schema` without that field reads the others.")
    return None


def _file_error(text: str) -> TerminalError | None:
    for pattern, reason in _NO_FILE:
        if found := pattern.search(text):
            return TerminalError("DF-FILE-017", f"the file `{found[1]}` cannot be read: {reason}", hint=_COMPLETE)
    return None


def _error(place: str, reason: str, hint: str) -> TerminalError:
    return TerminalError("DF-READ-001", f"{place} cannot be read: {reason}", hint=hint)


def _reason(told: str, reasons: tuple[tuple[re.Pattern[str], str], ...]) -> str | None:
    for pattern, sentence in reasons:
        if found := pattern.search(told):
            return sentence.format(*found.groups())
    return None
