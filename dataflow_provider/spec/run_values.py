"""The values one run binds as `:name` in SQL; frozen for its run id, the same on every try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from dataflow_provider.spec.nodes import Scalar


@dataclass(frozen=True)
class RunValues:
    """Run values and parameters of one run.

    Datetimes are aware and in UTC; the interval is closed at its start and open at its end. A pipeline without an
    interval has None there. `params` holds a value for every declared parameter, of its declared type.
    """

    run_id: str
    logical_date: datetime | None = None
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    params: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))
