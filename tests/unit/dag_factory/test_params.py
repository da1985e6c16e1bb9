from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from dataflow_provider.dag_factory.params import build_params
from dataflow_provider.spec.models import Param


def build(**fields: Any) -> Any:
    return build_params({"p": Param.model_validate(fields)})["p"]


@pytest.mark.parametrize(
    ("kind", "default", "resolved", "bad"),
    [
        ("string", "EU", "EU", 5),
        ("integer", 3, 3, "three"),
        ("number", 0.5, 0.5, "half"),
        ("boolean", False, False, "no"),
        ("date", date(2026, 1, 31), "2026-01-31", "31.01.2026"),
        ("timestamp", datetime.fromisoformat("2026-01-31T06:00:00"), "2026-01-31T06:00:00+00:00", 6),
        ("timestamp", date(2026, 1, 31), "2026-01-31T00:00:00+00:00", 5),
    ],
)
def test_param_has_its_default_and_refuses_other_types(
    kind: str, default: object, resolved: object, bad: object
) -> None:
    param = build(type=kind, default=default, description="what for")
    assert param.resolve() == resolved
    assert param.description == "what for"
    with pytest.raises(ParamValidationError):
        param.resolve(bad)


def test_param_without_a_default_must_be_given() -> None:
    param = build(type="integer")
    with pytest.raises(ParamValidationError):
        param.resolve()
    assert param.resolve(7) == 7
