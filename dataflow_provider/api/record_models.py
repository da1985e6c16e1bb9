"""Bodies of run records, statistics and notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from dataflow_provider.api.datamodels import Body
from dataflow_provider.runs.records import RecordState


class RunReason(Body):
    """Why a run that finished is a warning."""

    kind: str = Field(description="`quality`, `rows` (an unusual number of rows) or `late`")
    node: str | None
    rule: str | None
    message: str


class RecordedRun(Body):
    """A run's record; it stays when the pipeline is deleted."""

    pipeline_id: str
    run_id: str
    workspace: str
    state: RecordState
    run_type: str
    start: datetime | None
    end: datetime | None
    duration_s: float | None
    interval_start: datetime | None
    interval_end: datetime | None
    triggered_by: str | None
    rows_read: int | None
    rows_written: int | None
    rows_rejected: int | None
    bytes_moved: int | None = Field(description="Size of the rows that came from other connections")
    reasons: list[RunReason]
    error: str | None = Field(description="First error; None without the right `read_logs`")
    error_node: str | None


class RecordedRunPage(Body):
    """Records, newest first."""

    total: int
    items: list[RecordedRun]


class RecordedNode(Body):
    """What one node did in a run; counts are None unless measured."""

    id: str
    type: str | None
    stage: str
    state: RecordState
    try_number: int
    rows_in: int | None
    rows_out: int | None
    rows_rejected: int | None
    bytes_moved: int | None = Field(description="Size of its rows that came from another connection")
    seconds: float | None
    is_checkpoint: bool
    sql_hash: str | None = Field(description="Of the stage's SQL, with its last node")
    sql: str | None = Field(description="None without the right `read_logs`")
    quality: list[dict[str, Any]] = Field(description="Results of its rules; samples only with `preview_data`")


class RunRecordDetail(Body):
    """A run's record with its nodes."""

    run: RecordedRun
    nodes: list[RecordedNode]


class Statistics(Body):
    """Figures over the runs of the last days; None where there is nothing to tell."""

    since: datetime
    runs: dict[RecordState, int]
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    success_rate: float | None = Field(description="Finished of finished and failed runs, 0 to 1")
    sla_kept: int
    sla_broken: int
    sla_rate: float | None
    fresh_at: datetime | None = Field(description="When the newest finished run ended, however long ago")
    fresh_until: datetime | None = Field(description="Up to when its data goes")


class DeliveryState(Body):
    """What became of a message."""

    via: str
    recipients: list[str]
    state: str = Field(description="`pending`, `sent` or `failed` (given up)")
    attempts: int
    error: str | None = Field(description="Why the last try failed; None without the right `read_logs`")


class Notification(Body):
    """Something that people are told of."""

    id: int
    pipeline_id: str
    run_id: str | None
    kind: str = Field(description="`failure`, `warning`, `sla_at_risk`, `sla_breach` or `recovery`")
    title: str
    node: str | None
    line: str | None = Field(description="First line of the error, or the reasons; None without `read_logs`")
    diagnosis: str | None
    occurrences: int
    last_seen_at: datetime
    resolved_at: datetime | None
    is_read: bool
    deliveries: list[DeliveryState]


class NotificationPage(Body):
    """Notifications, newest first."""

    total: int
    unread: int
    items: list[Notification]


class ReadNotifications(Body):
    """Which notifications are read now."""

    ids: list[int] | None = Field(None, max_length=500, description="None = all that the caller may see")
