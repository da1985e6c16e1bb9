"""A log without what nobody else may see: secrets, addresses of people and machines, values of rows."""

from __future__ import annotations

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), put)
    for pattern, put, flags in (
        (r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", "<key>", re.DOTALL),
        (r"\b[a-z][a-z0-9+.-]*://[^\s/@'\"]*:[^\s@'\"]*@", "<dsn>@", re.IGNORECASE),
        (r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?", "<token>", 0),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\b(?:sk|ghp|gho|glpat|xox[abpr]|dapi)[-_]?[A-Za-z0-9_-]{12,}", "<key>", 0),
        (r"(\bauthorization[\"']?[:= ]+[\"']?)(?:(?:bearer|basic|token) )?[^\s\"',]+", r"\1<secret>", re.IGNORECASE),
        (
            (
                r"((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|signature|"
                r"sig|client[_-]?secret)\w*[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&)]+"
            ),
            r"\1<secret>",
            re.IGNORECASE,
        ),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<e-mail>", 0),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "<address>", 0),
        (r"(Key \([^)]*\))=\([^)]*\)", r"\1=(<values>)", 0),
        (r"(Failing row contains|VALUES|parameters:?|params:?)\s*[(\[{][^\n]*", r"\1 (<values>)", re.IGNORECASE),
        (
            (
                r"(\b(?:entry|values?|strings?|dates?|timestamps?|times?|input|literal|for type \w+|convert|float|int|"
                r"integer|decimal|boolean|base \d+)\b:? ?)"
                r"(?:'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`)"
            ),
            r"\1'<value>'",
            re.IGNORECASE,
        ),
        (r"(?<![\w-])\+?\d[\d -]{7,}\d(?![\w:-])", "<number>", 0),
        (r"\b[A-Za-z0-9+/_-]{40,}={0,2}", "<long>", 0),
    )
)


def redact(text: str) -> str:
    """Return the text with a word in angle brackets for each thing that is hidden.

    >>> redact("login postgresql://ann:pw@db/x failed, password=hunter2 for ann@corp.example")
    'login <dsn>@db/x failed, password=<secret> for <e-mail>'
    >>> redact("DETAIL:  Key (msisdn)=(48600100200) already exists.")
    'DETAIL:  Key (msisdn)=(<values>) already exists.'
    """
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text
