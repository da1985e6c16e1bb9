"""The values that one run binds into its SQL; frozen per run id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataflow_provider.spec.nodes import Scalar

if TYPE_CHECKING:
    from dataflow_provider.compiler.windows import ReadWindow


@dataclass(frozen=True)
class RunValues:
    """Run id, interval and parameters of a run; times are aware or naive UTC, `params` holds every declared name.

    `workspace` and `environment` only keep the stage tables of different runs apart. `windows` are what incremental
    sources read, by node; empty where nothing is run.
    """

    run_id: str
    logical_date: datetime | None = None
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    workspace: str = ""
    environment: str = ""
    windows: Mapping[str, ReadWindow] = field(default_factory=dict)


def naive_utc(moment: datetime) -> datetime:
    """Return the moment in UTC without a zone; a naive one is taken as UTC already.

    >>> naive_utc(datetime.fromisoformat("2026-01-01T01:00:00+01:00"))
    datetime.datetime(2026, 1, 1, 0, 0)
    """
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
