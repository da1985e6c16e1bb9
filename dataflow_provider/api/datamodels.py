"""Every body that the API takes or gives; the web app's types are generated from these.

A field may be added; renaming or removing one breaks the web app and needs its generated types anew.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dataflow_provider.security import Persona, Right


class Body(BaseModel):
    """Base of all bodies: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PipelineState(StrEnum):
    """How the newest run of a pipeline stands, or why there is none; whether it is paused is told apart."""

    RUNNING = "running"
    QUEUED = "queued"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    NEVER_RUN = "never_run"
    INVALID = "invalid"


class RunState(StrEnum):
    """How a run stands, as its record has it; docs/runs.md says what each state means."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class StageState(StrEnum):
    """How a stage stands, in Airflow's words; `waiting` is Airflow's task without a state, `warning` as of a run."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    RESTARTING = "restarting"
    REMOVED = "removed"
    AWAITING_INPUT = "awaiting_input"


class Me(Body):
    """The signed-in user and what the screens may offer."""

    username: str
    display_name: str
    roles: list[str] = Field(description="Names of the user's roles, highest first")
    rights: list[Right]
    persona: Persona
    base_path: str = Field(description="Path of Airflow's `api.base_url` without a trailing slash; prefix of every URL")
    version: str = Field(description="Version of DataFlow AI")


class Problem(Body):
    """Why a request was refused, after RFC 9457."""

    title: str
    status: int
    detail: str
    code: str = Field(description="Stable code, `DF-API-…`")
    hint: str | None = None


class Finding(Body):
    """One result of validation."""

    code: str
    severity: Literal["error", "warning", "info"]
    file: str
    line: int = Field(description="1-based")
    column: int = Field(description="1-based")
    node: str | None
    message: str
    hint: str | None


class ScheduleInfo(Body):
    """When a pipeline runs."""

    summary: str = Field(description="For people, such as `06:30 Warsaw, Polish business days` or `after orders_daily`")
    cron: str | None
    timezone: str | None
    after: list[str] = Field(description="Pipelines whose publish starts this one")


class UpcomingRun(Body):
    """A run that the schedule will make."""

    interval_start: datetime
    interval_end: datetime
    due: datetime
    local_time: datetime = Field(description="`due` with the offset of the schedule's zone")
    notes: list[str] = Field(description="Closed days it makes up for, a run put off, clocks that change")


class UpcomingRuns(Body):
    """When a pipeline runs next, by the version that Airflow knows."""

    summary: str | None = Field(description="The schedule in words; None = only by hand")
    timezone: str | None = Field(description="None without a cron")
    is_paused: bool = Field(description="A paused pipeline makes none of these runs")
    runs: list[UpcomingRun] = Field(description="Empty without a cron, and when the schedule has ended")


class RunBrief(Body):
    """The newest run."""

    run_id: str
    state: RunState
    start: datetime | None
    end: datetime | None
    duration_s: float | None


class SparkRun(Body):
    """One bar of a sparkline."""

    run_id: str
    state: RunState
    duration_s: float | None


class PipelineSummary(Body):
    """One row of the pipeline list."""

    id: str
    name: str
    description: str | None
    workspace: str
    owner: str
    tags: list[str] = Field(description="The author's tags, without those DataFlow adds itself")
    state: PipelineState
    is_paused: bool
    schedule: ScheduleInfo | None = Field(description="None = only by hand")
    last_run: RunBrief | None
    recent_runs: list[SparkRun] = Field(description="Newest last, ten at most")
    next_run: datetime | None
    findings_count: int


class FacetValue(Body):
    """One value to filter by and how many pipelines have it."""

    value: str
    count: int


class PipelineFacets(Body):
    """Values to filter by, counted over all pipelines the user may read, whatever the filters."""

    tags: list[FacetValue]
    owners: list[FacetValue]
    workspaces: list[FacetValue]
    states: list[FacetValue]


class PipelinePage(Body):
    """One page of the pipeline list."""

    total: int = Field(description="Pipelines that match the filters")
    items: list[PipelineSummary]
    facets: PipelineFacets


class GraphNode(Body):
    """A node as drawn."""

    id: str
    type: str = Field(description="Such as `source.postgres`")
    kind: Literal["source", "transform", "quality", "ai", "target"]
    label: str
    stage: str | None = Field(description="None for a disabled node and while the pipeline cannot be planned")
    connection: str | None
    ports: list[str] = Field(description="Output ports besides the default one")
    description: str | None
    enabled: bool
    meta: dict[str, str] = Field(description="Short facts such as table, write mode or join keys; never row values")


class GraphEdge(Body):
    """An edge as drawn."""

    source: str
    port: str | None = Field(description="Output port; None = the default one")
    target: str
    role: str | None = Field(description="Such as `left` of a join")
    kind: Literal["data", "after"]


class GraphStage(Body):
    """A stage: the nodes that one Airflow task runs as one statement."""

    id: str
    nodes: list[str]
    reason: str = Field(description="Why the stage ends where it does")
    connection: str
    upstream: list[str]


class Graph(Body):
    """Nodes, edges and stages of one version of a pipeline."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    stages: list[GraphStage]


ParamValue = str | int | float | bool | None


class ParamField(Body):
    """One field of the run form."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "date", "timestamp"]
    default: ParamValue
    required: bool
    description: str | None


class PipelineDetail(Body):
    """One pipeline with its text, graph and findings."""

    summary: PipelineSummary
    yaml: str | None = Field(description="None without the right `read_logs`, or when no version was ever valid")
    graph: Graph | None = Field(description="None while there is no valid version")
    params: list[ParamField]
    findings: list[Finding]
    doc: str | None = Field(description="Markdown")


class Run(Body):
    """One run of a pipeline."""

    pipeline_id: str
    run_id: str
    state: RunState
    run_type: str = Field(description="manual, scheduled, backfill or asset_triggered")
    queued_at: datetime | None
    start: datetime | None
    end: datetime | None
    duration_s: float | None
    logical_date: datetime | None
    interval_start: datetime | None
    interval_end: datetime | None
    triggered_by: str | None = Field(description="Name of the user who started it")
    note: str | None
    params: dict[str, ParamValue]


class RunPage(Body):
    """Runs, newest first."""

    total: int
    items: list[Run]


class RunNode(Body):
    """What one node did in a run; counts are None unless measured."""

    id: str
    state: StageState = Field(description="That of its stage")
    rows_in: int | None
    rows_out: int | None
    rows_rejected: int | None
    seconds: float | None


class RunStage(Body):
    """How one stage stands in a run."""

    id: str
    state: StageState
    try_number: int
    max_tries: int
    start: datetime | None
    end: datetime | None
    duration_s: float | None
    nodes: list[RunNode]
    error: str | None = Field(description="Why the last try failed; None without the right `read_logs`")


class RunDocument(Body):
    """A run with its stages and the graph of the version that ran."""

    run: Run
    stages: list[RunStage]
    graph: Graph | None
    is_settled: bool = Field(description="The run is over and so recorded; before that its state may be another soon")
    can_resume: bool = Field(description="It failed behind stages that are done, and the caller may go on from them")


class StartRun(Body):
    """What a new run is given; both interval ends or none."""

    params: dict[str, ParamValue] = Field(default_factory=dict, description="Values by parameter name")
    interval_start: datetime | date | None = Field(None, description="Inclusive; a time without a zone is UTC")
    interval_end: datetime | date | None = Field(None, description="Exclusive")
    note: Annotated[str, Field(max_length=1000)] | None = None
    unpause: bool = Field(False, description="Also unpause the pipeline; a run of a paused one would wait for ever")


class PipelinePatch(Body):
    """What may be changed of a pipeline without editing its YAML."""

    is_paused: bool


class LogLine(Body):
    """One line of a log."""

    time: datetime | None
    level: str | None = Field(description="lower case, such as `info`")
    logger: str | None
    message: str


class LogPage(Body):
    """A part of one try's log; call again with `token` until `done`."""

    try_number: int
    lines: list[LogLine]
    token: str | None
    done: bool


class RunEvent(Body):
    """A message of `/ws/runs/{pipeline_id}/{run_id}`: first a snapshot, then the whole document after each change.

    After a message with `final` the server closes the socket with code 1000.
    """

    kind: Literal["snapshot", "change"]
    final: bool
    document: RunDocument


class PipelineStatus(Body):
    """The live part of a row in the pipeline list."""

    id: str
    state: PipelineState
    is_paused: bool
    last_run: RunBrief | None


class PipelinesEvent(Body):
    """A message of `/ws/pipelines`: first all pipelines, then only those whose status changed or that are gone."""

    kind: Literal["snapshot", "change"]
    items: list[PipelineStatus]
    removed: list[str]


class ConnectorField(Body):
    """A field of the connection form; one outside of host, port, schema, login and password is a key of the extra."""

    name: str
    label: str
    kind: str
    required: bool
    secret: bool
    placeholder: str
    description: str


class ConnectorNodeField(Body):
    """A field of a connector's nodes beside those that every node has."""

    name: str
    required: bool
    description: str


class Connector(Body):
    """What a connector is and can do, by its manifest."""

    name: str
    label: str
    kind: str
    description: str
    category: str
    icon: str
    docs: str
    version: str
    maturity: str
    tested_on: str
    package: str
    connection_types: list[str]
    operations: list[str]
    capabilities: list[str]
    fields: list[ConnectorField]
    nodes: dict[str, list[ConnectorNodeField]]


class BrokenConnector(Body):
    """An installed connector that cannot be used."""

    name: str
    value: str
    reason: str


class ConnectorList(Body):
    """The connectors of this installation."""

    connectors: list[Connector]
    broken: list[BrokenConnector]


class ConnectionCheck(Body):
    """Whether a connection answers; `code` and `hint` go with a failure."""

    ok: bool
    message: str
    seconds: float
    code: str | None
    hint: str | None


class SchemaEntry(Body):
    """A schema, table, view, column or another thing behind a connection."""

    kind: str
    name: str
    path: list[str]
    type: str | None
    nullable: bool | None
    key: int | None = Field(description="Place in the primary key, from 1")
    rows: int | None = Field(description="About how many rows a table has")
    comment: str | None


class SchemaPage(Body):
    """A page of entries; `more` says that others follow."""

    entries: list[SchemaEntry]
    more: bool


JsonScalar = str | int | float | bool | None


class LookBody(Body):
    """What rows are asked for."""

    port: str | None = Field(None, max_length=100, description="A port; the main output when omitted")
    params: dict[str, JsonScalar] = Field(default_factory=dict, description="Parameters that differ from their default")
    interval_start: AwareDatetime | None = Field(None, description="With `interval_end`, or neither")
    interval_end: AwareDatetime | None = None
    timeout_s: float = Field(10.0, gt=0, le=60, description="The statement is stopped in its database after that")
    refresh: bool = Field(False, description="Ask the database, whatever was kept a moment ago")
    yaml: str | None = Field(None, max_length=1_000_000, description="An unsaved text of the pipeline; needs `edit`")


class PreviewBody(LookBody):
    """How many rows of a node."""

    limit: int = Field(100, ge=1, le=100)


class ProfileBody(LookBody):
    """How many rows a profile looks at."""

    rows: int = Field(100_000, ge=1, le=1_000_000)


class PreviewColumn(Body):
    """A column; `type` is the engine's own word."""

    name: str
    type: str
    sensitive: bool = Field(description="Its values are masked unless the caller has `see_sensitive`")


class LentRows(Body):
    """Rows that another connection lent."""

    node: str
    connection: str
    rows: int
    whole: bool = Field(description="Whether it has no others")


class NodePreview(Body):
    """Rows of a node; values are JSON-safe (decimals as text, ISO times, hex bytes)."""

    node: str
    port: str | None
    columns: list[PreviewColumn]
    rows: list[list[Any]]
    sample: bool = Field(description="Rows of other connections came in, told in `inputs`")
    inputs: list[LentRows]
    total_rows: int | None = Field(description="Null when nobody knows it cheaply")
    limit: int
    seconds: float
    cached: bool
    findings: list[Finding]


class TopValue(Body):
    """A frequent value."""

    value: Any
    count: int


class Bucket(Body):
    """A bar of a histogram."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Any = Field(alias="from")
    to: Any
    count: int


class ColumnProfile(Body):
    """What the values of a column are like; what its type does not have is null or empty."""

    name: str
    type: str
    sensitive: bool
    count: int
    nulls: int
    null_percent: float
    distinct: int | None
    distinct_approximate: bool
    min: Any
    max: Any
    mean: float | str | None
    quantiles: dict[str, Any]
    top: list[TopValue]
    histogram: list[Bucket]


class NodeProfile(Body):
    """What the values of a node's columns are like, over its first rows."""

    node: str
    port: str | None
    rows: int
    sample: bool = Field(description="There are, or may be, rows that were not looked at")
    inputs: list[LentRows]
    columns: list[ColumnProfile]
    seconds: float
    cached: bool
    findings: list[Finding]


SOCKET_MESSAGES: tuple[type[Body], ...] = (RunEvent, PipelinesEvent)
