"""The model of one pipeline file, `dataflow/v1`: everything outside `nodes`, and the pipeline itself.

A `Pipeline` says what was written, defaults filled in; edges, connections and stages are resolved by the compiler.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dataflow_provider.spec.model_base import Model
from dataflow_provider.spec.node_types import Node
from dataflow_provider.spec.nodes import Scalar
from dataflow_provider.spec.values import (
    NODE_ID_PATTERN,
    PIPELINE_ID_PATTERN,
    Count,
    Duration,
    Flag,
    Moment,
    NonEmptyText,
    Text,
)

API_VERSION = "dataflow/v1"
RUN_VALUES = ("interval_start", "interval_end", "logical_date", "run_id")

ParamType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
NodeId = Annotated[str, StringConstraints(pattern=NODE_ID_PATTERN)]


class Schedule(Model):
    """When the pipeline runs: by `cron` or after other pipelines."""

    cron: NonEmptyText | None = Field(None, description="Five-field cron expression")
    timezone: NonEmptyText = Field("UTC", description="IANA zone the cron is read in")
    calendar: NonEmptyText | None = Field(None, description="Country code, `weekdays` or a calendar file")
    on_holiday: Literal["skip", "next"] = Field("skip", description="What a run on a holiday does")
    overlap: Literal["queue", "skip", "cancel_previous", "allow"] = Field(
        "queue", description="What a run does while another one runs"
    )
    after: tuple[NonEmptyText, ...] = Field((), description="Pipelines whose publish starts this one")
    start: Moment | None = Field(None, description="First day, in the schedule's zone")
    end: Moment | None = Field(None, description="Last day, inclusive")
    catchup: Flag = Field(False, description="Whether missed intervals since `start` are run")


class Param(Model):
    """A value that a run may be given, bound in SQL as `:name`."""

    type: ParamType = Field(description="string, integer, number, boolean, date or timestamp")
    default: Scalar = Field(None, description="Value of a run that gives none; without it the value is required")
    description: Text | None = Field(None, description="Shown in the run form")


class Defaults(Model):
    """Fields that nodes take when they say nothing themselves."""

    connection: NonEmptyText | None = Field(None, description="Connection of SQL nodes")
    retries: Count | None = Field(None, description="Retries of every task")
    retry_delay: Duration | None = Field(None, description="Pause before a retry")
    retry_backoff: Flag | None = Field(
        None, description="Whether the pause doubles with each retry; it does when omitted"
    )
    timeout: Duration | None = Field(None, description="Longest time one try of a task may take")
    pool: NonEmptyText | None = Field(None, description="Airflow pool")


class Notification(Model):
    """One message to people."""

    via: Literal["email", "slack", "pagerduty"] = Field(description="Channel")
    connection: NonEmptyText | None = Field(None, description="Airflow connection of the channel")
    to: NonEmptyText | tuple[NonEmptyText, ...] | None = Field(None, description="Channel or addresses")


class Notify(Model):
    """Who hears of what."""

    on_failure: tuple[Notification, ...] = Field((), description="A run failed")
    on_warning: tuple[Notification, ...] = Field((), description="A run finished with a warning")
    on_sla: tuple[Notification, ...] = Field((), description="A run is late")
    on_recovery: tuple[Notification, ...] = Field((), description="A run succeeded after failures")


class Sla(Model):
    """When a run must be done."""

    finish_by: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        None, description="Time of day in the schedule's zone, `HH:MM` in quotes"
    )
    max_duration: Duration | None = Field(None, description="Longest time a run may take")


class Pipeline(Model):
    """One pipeline file; `nodes` keeps the order of the file."""

    apiVersion: Literal["dataflow/v1"] = Field(description="Version of the language")
    kind: Literal["Pipeline"] = Field(description="Always `Pipeline`")
    id: Annotated[str, StringConstraints(pattern=PIPELINE_ID_PATTERN)] = Field(description="File stem and dag_id")
    name: Text | None = Field(None, description="Shown to people")
    description: Text | None = Field(None, description="What the pipeline is for")
    owner: NonEmptyText | None = Field(None, description="Team that owns it")
    tags: tuple[NonEmptyText, ...] = Field((), description="Tags to find it by")
    type: Literal["batch", "streaming"] = Field("batch", description="batch, or streaming on Kafka and Flink")
    schedule: Schedule | None = Field(None, description="When it runs; omitted = only by hand")
    params: dict[Text, Param] = Field(default_factory=dict, description="Values a run may be given")
    defaults: Defaults = Field(default_factory=lambda: Defaults.model_construct(), description="Defaults of nodes")
    notify: Notify = Field(default_factory=lambda: Notify.model_construct(), description="Messages")
    sla: Sla | None = Field(None, description="When a run must be done")
    run_timeout: Duration | None = Field(None, description="Longest time a run may take; it has failed then")
    nodes: dict[NodeId, Node] = Field(min_length=1, description="Node id to node")
