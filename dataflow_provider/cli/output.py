"""What commands print: one JSON document, or text for people. Errors go to stderr, JSON always to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from dataflow_provider.errors import DataflowError


def print_json(document: Mapping[str, Any]) -> None:
    """The document stands on stdout, indented, with a final newline; dates and paths become text."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def error_json(error: DataflowError) -> dict[str, Any]:
    """Return the error as every `--json` answer carries it; findings stand beside it when the error has some."""
    place = error.place
    answer: dict[str, Any] = {
        "ok": False,
        "error": {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "node": place.node,
        },
    }
    findings = getattr(error, "findings", None)
    if findings is not None:
        answer["findings"] = [finding.to_json() for finding in findings]
    return answer


def print_error(error: DataflowError, *, as_json: bool) -> None:
    """The error is printed: as JSON on stdout, or as `error CODE …` on stderr with its place and hint.

    One that carries several findings prints them all.
    """
    if as_json:
        print_json(error_json(error))
        return
    findings = getattr(error, "findings", ())
    if len(findings) > 1:
        sys.stderr.writelines(f"{finding}\n" for finding in findings)
        return
    where = f"{error.place}: " if str(error.place) else ""
    sys.stderr.write(f"error {error.code} {where}{error.message}\n")
    if error.hint:
        sys.stderr.write(f"  hint: {error.hint}\n")
