"""Parameters of a pipeline as Airflow params, so that the trigger form checks them before a run exists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from airflow.sdk import Param as AirflowParam

from dataflow_provider.spec.models import Param
from dataflow_provider.spec.nodes import Scalar

_SCHEMAS: dict[str, dict[str, str]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}


def build_params(params: Mapping[str, Param]) -> dict[str, AirflowParam]:
    """Return the Airflow params; one without a default must be given in the form."""
    return {name: _build_param(param) for name, param in params.items()}


def _build_param(param: Param) -> AirflowParam:
    schema = _SCHEMAS[param.type]
    if param.default is None:
        return AirflowParam(description=param.description, schema=schema)
    return AirflowParam(_jsonable(param.default, param.type), description=param.description, schema=schema)


def _jsonable(value: Scalar, kind: str) -> str | int | float | bool | None:
    """Return dates as ISO text; a naive timestamp is UTC and says so, as the form's date-time field wants it."""
    if kind == "timestamp" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value
