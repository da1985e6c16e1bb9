"""Databricks' errors as ours, by Spark's error class and the SQLSTATE at its end, without values of rows."""

from __future__ import annotations

import re

from dataflow_provider.connectors.engine_errors import Kind, VendorError, kind_of_sqlstate, without_values

NO_SUCH_OBJECT = frozenset({"TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND"})

# Source: Databricks, "Error classes"; DELTA_CONCURRENT… are conflicts of optimistic transactions.
_KINDS: dict[str, Kind] = {
    "CAST_INVALID_INPUT": Kind.CONVERSION,
    "CAST_OVERFLOW": Kind.RANGE,
    "ARITHMETIC_OVERFLOW": Kind.RANGE,
    "NUMERIC_VALUE_OUT_OF_RANGE": Kind.RANGE,
    "DELTA_EXCEED_CHAR_VARCHAR_LIMIT": Kind.RANGE,
    "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES": Kind.CONSTRAINT,
    "DELTA_NOT_NULL_CONSTRAINT_VIOLATED": Kind.CONSTRAINT,
    "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE": Kind.CONSTRAINT,
    "DIVIDE_BY_ZERO": Kind.CONVERSION,
    "INSUFFICIENT_PERMISSIONS": Kind.RIGHTS,
    "OPERATION_CANCELED": Kind.INTERRUPTED,
    "PARSE_SYNTAX_ERROR": Kind.SYNTAX,
    "PERMISSION_DENIED": Kind.RIGHTS,
}
_FAMILIES: tuple[tuple[str, Kind], ...] = (
    ("DELTA_CONCURRENT_", Kind.CONFLICT),
    ("DELTA_TRANSACTION_", Kind.CONFLICT),
    ("UNRESOLVED_", Kind.MISSING),
)
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]*)(?:\.[A-Z0-9_.]+)?\]")
_STATE = re.compile(r"SQLSTATE:?\s*\(?([0-9A-Z]{5})\b")
_NAMED = re.compile(r"\b(?:column|table|view|function|schema|type|to)\s$", re.IGNORECASE)
_BAD_LOGIN = re.compile(r"\b40[13]\b|Invalid access token|Unauthorized|authentication isn't configured|Forbidden")
_NO_WAREHOUSE = re.compile(r"\b40[04]\b|http_path")


def error_class(text: str) -> str:
    """Return the class Spark puts in front of its message, "" when there is none.

    >>> error_class("[TABLE_OR_VIEW_NOT_FOUND] The table `x` cannot be found. SQLSTATE: 42P01")
    'TABLE_OR_VIEW_NOT_FOUND'
    """
    found = _CLASS.search(text)
    return found[1] if found else ""


_UNREACHABLE = "Check host and port, whether the server runs, and whether this machine trusts its certificate."


def vendor_error(exc: Exception, *, connecting: bool = False) -> VendorError | None:
    """Return what an error of the connector or of the hook means; None when it is neither's."""
    from airflow.sdk.exceptions import AirflowException
    from databricks.sql import exc as errors
    from urllib3.exceptions import HTTPError

    if not isinstance(exc, errors.Error | AirflowException | HTTPError | OSError):
        return None
    text = " ".join(str(exc).split())
    name, state = error_class(text), found[1] if (found := _STATE.search(text)) else ""
    if connecting:
        kind = _kind_of_opening(text, name)
    elif not name and isinstance(exc, errors.RequestError | HTTPError | OSError):
        kind = Kind.LOST
    else:
        kind = kind_of_class(name, state)
    shown = without_values(text, _NAMED) if kind in _WITH_VALUES else text
    # The connector keeps the reason for itself once it has tried for long enough.
    hint = _UNREACHABLE if connecting and kind is Kind.UNREACHABLE else None
    return VendorError(kind, state or name, shown, hint)


def kind_of_class(name: str, state: str) -> Kind:
    """Return what a Spark error class means, else what its SQLSTATE does."""
    if name in _KINDS:
        return _KINDS[name]
    family = next((kind for start, kind in _FAMILIES if name.startswith(start)), None)
    return family or kind_of_sqlstate(state)


def _kind_of_opening(text: str, name: str) -> Kind:
    if _BAD_LOGIN.search(text):
        return Kind.LOGIN
    if _NO_WAREHOUSE.search(text):
        return Kind.SETUP
    return kind_of_class(name, "") if name else Kind.UNREACHABLE
