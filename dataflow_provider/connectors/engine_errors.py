"""A database's refusal as one of our errors: whether a retry can help, the vendor's code and words, no row's values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError


class Kind(StrEnum):
    """What went wrong, whatever the engine calls it."""

    REFUSED = "the database refused the statement"
    CONSTRAINT = "a constraint of the table refused a row"
    CONVERSION = "a value could not be converted"
    RANGE = "a value is out of range"
    MISSING = "the statement does not fit the tables, columns and functions there are"
    SYNTAX = "the statement cannot be parsed"
    RIGHTS = "the statement may not do that"
    CONFLICT = "the transaction met another one and was rolled back"
    MEMORY = "the database ran out of memory"
    INTERRUPTED = "the statement was interrupted"
    DISK = "the disk of the database is full"
    LOST = "the connection to the database was lost"
    BUSY = "a lock was not free in time"
    UNREACHABLE = "the database cannot be reached"
    LOGIN = "the database refused the login"
    SETUP = "the connection cannot be opened from its fields"


# Codes are stable; the branch decides whether the run tries again.
_BRANCHES: dict[Kind, tuple[str, type[DataflowError], str | None]] = {
    Kind.REFUSED: ("DF-RUN-010", TerminalError, None),
    Kind.CONSTRAINT: ("DF-RUN-011", TerminalError, None),
    Kind.CONVERSION: ("DF-RUN-012", TerminalError, None),
    Kind.RANGE: ("DF-RUN-013", TerminalError, None),
    Kind.MISSING: ("DF-RUN-014", TerminalError, None),
    Kind.SYNTAX: ("DF-RUN-015", TerminalError, None),
    Kind.RIGHTS: ("DF-RUN-016", TerminalError, None),
    Kind.CONFLICT: ("DF-RUN-017", TransientError, None),
    Kind.MEMORY: ("DF-RUN-018", TransientError, None),
    Kind.INTERRUPTED: ("DF-RUN-019", TransientError, None),
    Kind.DISK: ("DF-RUN-021", TransientError, "Free some space and run it again."),
    Kind.LOST: ("DF-RUN-022", TransientError, "It is tried again; if it stays, look into the database's own log."),
    Kind.BUSY: ("DF-RUN-023", TransientError, None),
    Kind.UNREACHABLE: ("DF-CONN-012", TransientError, "Check host, port and whether the server runs."),
    Kind.LOGIN: ("DF-CONN-013", TerminalError, "Check login, password and database of the connection."),
    Kind.SETUP: ("DF-CONN-015", AuthorError, "Correct the fields or the extra of the connection."),
}
_SERVICE_WORDS: dict[Kind, str] = {
    Kind.UNREACHABLE: "cannot be reached",
    Kind.LOGIN: "refuses the login",
    Kind.SETUP: "cannot be opened from its fields",
    Kind.LOST: "was lost",
    Kind.BUSY: "is busy",
    Kind.DISK: "has no space left",
    Kind.MISSING: "does not have what was asked for",
    Kind.RIGHTS: "may not do that",
    Kind.CONVERSION: "holds a value that cannot be read",
}
_SERVICE_HINTS: dict[Kind, str] = {
    Kind.LOST: "It is tried again; if it stays, ask those who run the server.",
    Kind.LOGIN: "Check login and password of the connection.",
}
_OF_CONNECTIONS = (Kind.UNREACHABLE, Kind.LOGIN, Kind.SETUP)
_TOLD_WHERE = (Kind.LOST, Kind.DISK, Kind.MEMORY)


@dataclass(frozen=True)
class VendorError:
    """What an engine said: its code (SQLSTATE or number, "" when it gave none) and its words without row values.

    `hint` tells what to do where the kind of error alone does not.
    """

    kind: Kind
    code: str
    text: str
    hint: str | None = None

    def as_error(self, engine: str, conn_id: str = "") -> DataflowError:
        """Return our error; `conn_id` is told when the connection itself is what failed, or its server."""
        connection = f" on connection `{conn_id}`" if self.kind in _OF_CONNECTIONS else ""
        if conn_id and self.kind in _TOLD_WHERE:
            connection = f" (connection `{conn_id}`)"
        return self._error(f"{self.kind}{connection}", engine)

    def as_service_error(self, service: str, conn_id: str) -> DataflowError:
        """Return our error where the other side is no database; the connection is always told."""
        what = f"connection `{conn_id}` {_SERVICE_WORDS.get(self.kind, 'refused')}"
        return self._error(what, service, _SERVICE_HINTS.get(self.kind))

    def _error(self, what: str, engine: str, usual_hint: str | None = None) -> DataflowError:
        code, branch, hint = _BRANCHES[self.kind]
        vendor = " ".join(part for part in (engine, self.code) if part)
        return branch(code, f"{what}: {self.text} ({vendor})", hint=self.hint or usual_hint or hint)


# Python's, OpenSSL's and rustls' words for a certificate that is not trusted, or a server that does not speak TLS.
_TLS = re.compile(
    r"certificate verify failed(?:: [\w ,'.-]*\w)?|\bInvalidCertificate\b|self[- ]signed certificate"
    r"|certificate has expired|hostname mismatch|wrong version number|InvalidContentType|packet length too long"
    r"|record layer failure",
    re.IGNORECASE,
)
_TLS_HINT = (
    "Let the connection trust the server's certificate; check the name of the host and whether its port speaks TLS."
)
_MAX_CAUSES = 10


def tls_error(exc: BaseException) -> VendorError | None:
    """Return what is wrong with TLS, by the error or one that it came of; None when it is something else.

    >>> found = tls_error(OSError("[SSL] certificate verify failed: self-signed certificate (_ssl.c:1006)"))
    >>> found.text if found else ""
    'TLS fails: certificate verify failed: self-signed certificate'
    """
    at: BaseException | None = exc
    for _ in range(_MAX_CAUSES):
        if at is None:
            return None
        found = _TLS.search(str(at))
        if found is not None:
            return VendorError(Kind.SETUP, type(at).__name__, f"TLS fails: {found[0]}", _TLS_HINT)
        at = at.__cause__ or at.__context__
    return None


# The longest prefix of an SQLSTATE that is listed counts. Source: ISO/IEC 9075-2 §24.1, PostgreSQL appendix A.
_SQLSTATES: dict[str, Kind] = {
    "08": Kind.LOST,
    "22": Kind.CONVERSION,
    "22001": Kind.RANGE,
    "22003": Kind.RANGE,
    "22008": Kind.RANGE,
    "23": Kind.CONSTRAINT,
    "25006": Kind.RIGHTS,
    "28": Kind.LOGIN,
    "3D000": Kind.LOGIN,
    "3F": Kind.MISSING,
    "40": Kind.CONFLICT,
    "42": Kind.MISSING,
    "42501": Kind.RIGHTS,
    "42601": Kind.SYNTAX,
    "53": Kind.BUSY,
    "53100": Kind.DISK,
    "53200": Kind.MEMORY,
    "53300": Kind.UNREACHABLE,
    "55P03": Kind.BUSY,
    "57014": Kind.INTERRUPTED,
    "57P01": Kind.LOST,
    "57P02": Kind.LOST,
    "57P03": Kind.UNREACHABLE,
    "57P05": Kind.LOST,
    "HYT00": Kind.INTERRUPTED,
}


def kind_of_sqlstate(state: str) -> Kind:
    """Return what a SQLSTATE means to us.

    >>> kind_of_sqlstate("40P01").name, kind_of_sqlstate("42501").name, kind_of_sqlstate("XX000").name
    ('CONFLICT', 'RIGHTS', 'REFUSED')
    """
    return next((_SQLSTATES[state[:size]] for size in (5, 2) if state[:size] in _SQLSTATES), Kind.REFUSED)


_QUOTED_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


def without_values(text: str, names: re.Pattern[str] | None = None) -> str:
    """Return a message with its quoted parts blotted out, but those that `names` finds right after its match.

    >>> without_values("Duplicate entry 'ann@x.org' for key 'users.mail'", re.compile(r"(?:key|column) $"))
    "Duplicate entry '…' for key 'users.mail'"
    """

    def blot(found: re.Match[str]) -> str:
        mark = found[0][0]
        is_name = names is not None and names.search(text[: found.start()]) is not None
        return found[0] if is_name else f"{mark}…{mark}"

    return _QUOTED_VALUE.sub(blot, text)
