"""Models of every node type of `dataflow/v1`: what a node may say, not what it means (see the compiler).

One class per family of fields; `node_types` puts them together. Column and table texts are kept as written.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from dataflow_provider.spec.cdr_options import Asn1Records, CdrRecords
from dataflow_provider.spec.model_base import Model
from dataflow_provider.spec.values import (
    Count,
    Duration,
    Flag,
    Moment,
    NonEmptyText,
    Number,
    OnError,
    PositiveCount,
    Text,
    Whole,
)

SQL_CONNECTORS = (
    "teradata", "snowflake", "databricks", "postgres", "mysql", "sqlserver", "oracle", "sybase", "saphana", "duckdb",
    "sqlite",
)  # fmt: skip
FILE_CONNECTORS = ("file", "sftp")
CONNECTORS = (*SQL_CONNECTORS, "kafka", *FILE_CONNECTORS, "http")

# A date written without quotes is a date already; quoted text stays text.
Scalar = Text | Flag | Number | Annotated[date, Strict()] | Annotated[datetime, Strict()] | None


class NodeBase(Model):
    """Fields that every node has."""

    from_: Text | tuple[Text, ...] | dict[Text, Text] | None = Field(
        None, alias="from", description="Input: a node id, `node.port`, a list, or a map role to node"
    )
    after: tuple[Text, ...] = Field((), description="Node ids that must be done first, without data")
    description: Text | None = Field(None, description="Shown to people beside the node")
    connection: NonEmptyText | None = Field(None, description="Airflow connection id the node reads, writes or runs on")
    checkpoint: Flag = Field(False, description="Keep this node's rows so that a re-run can start after it")
    retries: Count | None = Field(None, description="Retries of the node's task; starts a stage of its own")
    retry_delay: Duration | None = Field(None, description="Pause before a retry")
    retry_backoff: Flag | None = Field(
        None, description="Whether the pause doubles with each retry; it does when omitted"
    )
    timeout: Duration | None = Field(None, description="Longest time one try may take")
    pool: NonEmptyText | None = Field(None, description="Airflow pool the task takes a slot of")
    isolation: Literal["read_uncommitted", "read_committed", "repeatable_read", "serializable", "snapshot"] | None = (
        Field(None, description="Transaction isolation level of the node's session")
    )
    session: dict[Text, Text | Flag | Number] = Field(
        default_factory=dict, description="Session settings set before the node's SQL"
    )
    sensitive: tuple[Text, ...] = Field((), description="Columns masked in previews, samples, logs and prompts")
    enabled: Flag = Field(True, description="False: a transform passes through, a source or target drops its branch")

    type: str


# ---------------------------------------------------------------- sources


class Partition(Model):
    """Split of a read into parallel ranges of one column."""

    column: NonEmptyText = Field(description="Column the ranges are cut by")
    count: PositiveCount = Field(description="How many ranges")


class Incremental(Model):
    """Reads only rows past the watermark of `column`."""

    column: NonEmptyText = Field(description="Column that only grows")
    lookback: Duration | None = Field(None, description="Reads this much again before the watermark")
    initial: Scalar = Field(None, description="First value to read, inclusive, when there is no watermark")


class SourceBase(NodeBase):
    """Fields that every source has."""

    columns: tuple[NonEmptyText, ...] | None = Field(None, description="Columns to read; all when omitted")
    where: NonEmptyText | None = Field(None, description="Condition in the connection's dialect")
    partition: Partition | None = Field(None, description="Parallel read")
    fetch_size: PositiveCount | None = Field(None, description="Rows fetched at once")
    incremental: Incremental | None = Field(None, description="Read only what is new")
    schema_: dict[Text, NonEmptyText] | None = Field(None, alias="schema", description="Column name to SQL type")

    @property
    def connector(self) -> str:
        """The connector's name, the part of `type` after the dot."""
        return self.type.partition(".")[2]


class SqlSource(SourceBase):
    """A table or a query of a SQL database."""

    type: Literal[
        "source.teradata", "source.snowflake", "source.databricks", "source.postgres", "source.mysql",
        "source.sqlserver", "source.oracle", "source.sybase", "source.saphana", "source.duckdb", "source.sqlite",
    ]  # fmt: skip
    table: NonEmptyText | None = Field(None, description="Table or view; give either this or `query`")
    query: NonEmptyText | None = Field(None, description="One SELECT in the connection's dialect")

    @property
    def is_plain_table(self) -> bool:
        """Whether it is a table read as a whole; rows of an incremental read are taken once for all that follows."""
        return self.table is not None and self.where is None and self.incremental is None


class FileOptions(Model):
    """How a file is read or written."""

    delimiter: Text | None = Field(None, description="Column separator of CSV, one character")
    header: Flag | None = Field(None, description="Whether the first line names the columns")
    quote: Text | None = Field(None, description="Quote character of CSV")
    escape: Text | None = Field(None, description="Escape character of CSV")
    null: Text | None = Field(None, description="Text that means NULL")
    encoding: NonEmptyText | None = Field(None, description="Character encoding, such as utf-8 or latin-1")
    compression: Literal["none", "gzip", "zstd", "auto"] | None = Field(None, description="By the ending when omitted")
    skip_rows: Count | None = Field(None, description="Lines left out at the start")
    date_format: NonEmptyText | None = Field(None, description="strptime format of dates")
    timestamp_format: NonEmptyText | None = Field(None, description="strptime format of timestamps")
    records: CdrRecords | None = Field(None, description="cdr: lines with record types")
    asn1: Asn1Records | None = Field(None, description="cdr: records in ASN.1")


FileFormat = Literal["csv", "parquet", "json", "cdr"]
OnBadRecord = Literal["fail", "skip", "reject"]


class FileSource(SourceBase):
    """Files by path or glob, on local disk, an object store or an SFTP server."""

    type: Literal["source.file", "source.sftp"]
    path: NonEmptyText = Field(description="Path or glob; relative to the project")
    format: FileFormat = Field(description="csv, parquet, json (lines) or cdr")
    options: FileOptions = Field(default_factory=lambda: FileOptions.model_construct(), description="Format options")
    on_bad_record: OnBadRecord = Field(
        "fail", description="What a malformed record does; reject sends it to `rejected`"
    )


class NativeSource(SourceBase):
    """What a connector reads itself, without SQL; its own fields stand in its subclasses."""

    on_bad_record: OnBadRecord = Field("fail", description="What a malformed record does")

    @property
    def place(self) -> str:
        """What is read, for people: the first text among the connector's own fields."""
        return _first_text(self, NativeSource)


# ---------------------------------------------------------------- targets

WriteModeName = Literal["append", "overwrite", "upsert", "merge", "delete_insert"]


class Window(Model):
    """The run's interval of one column, replaced as a whole by `delete_insert`."""

    column: NonEmptyText = Field(description="Date or timestamp column")


class Dedupe(Model):
    """Which of several rows with the same key is written."""

    order_by: tuple[NonEmptyText, ...] = Field(min_length=1, description="The first row in this order wins")


class Write(Model):
    """How rows reach the target."""

    mode: WriteModeName = Field("append", description="append, overwrite, upsert, merge or delete_insert")
    keys: tuple[NonEmptyText, ...] = Field((), description="Columns that identify a row")
    update_columns: tuple[NonEmptyText, ...] | None = Field(
        None, description="Columns an update sets; all when omitted"
    )
    delete_when: NonEmptyText | None = Field(None, description="merge: incoming rows that delete their match")
    window: Window | None = Field(None, description="delete_insert: replace the run's interval of this column")
    dedupe: Dedupe | None = Field(None, description="Which row wins among rows of one key")
    run_id_column: NonEmptyText = Field("_run_id", description="append: column that makes a retry exactly-once")


class Hook(Model):
    """A statement run before or after the publish."""

    sql: NonEmptyText = Field(description="One statement in the connection's dialect")
    in_transaction: Flag = Field(True, description="False: outside the publish's transaction")


class Create(Model):
    """How a missing target table is made."""

    if_missing: Flag = Field(False, description="Create the table, and its schema, when it is missing")
    primary_index: tuple[NonEmptyText, ...] = Field((), description="Teradata primary index")
    cluster_by: tuple[NonEmptyText, ...] = Field((), description="Clustering columns")
    partition_by: tuple[NonEmptyText, ...] = Field((), description="Partitioning columns or expressions")


class TargetBase(NodeBase):
    """Fields that every target has."""

    write: Write = Field(default_factory=lambda: Write.model_construct(), description="Write mode and its rules")
    batch_size: PositiveCount | None = Field(None, description="Rows sent at once when rows are transferred")

    @property
    def connector(self) -> str:
        """The connector's name, the part of `type` after the dot."""
        return self.type.partition(".")[2]


class SqlTarget(TargetBase):
    """A table of a SQL database."""

    type: Literal[
        "target.teradata", "target.snowflake", "target.databricks", "target.postgres", "target.mysql",
        "target.sqlserver", "target.oracle", "target.sybase", "target.saphana", "target.duckdb", "target.sqlite",
    ]  # fmt: skip
    table: NonEmptyText = Field(description="Table to write, with its schema")
    pre_sql: tuple[NonEmptyText | Hook, ...] = Field((), description="Statements before the publish")
    post_sql: tuple[NonEmptyText | Hook, ...] = Field((), description="Statements after the publish")
    create: Create = Field(default_factory=lambda: Create.model_construct(), description="Create a missing table")
    on_schema_drift: Literal["fail", "ignore", "add"] = Field("fail", description="What a changed schema does")


class FileTarget(TargetBase):
    """Files below one path."""

    type: Literal["target.file", "target.sftp"]
    path: NonEmptyText = Field(description="File (overwrite) or folder (append, one part per run)")
    format: FileFormat = Field(description="csv, parquet or json (lines)")
    options: FileOptions = Field(default_factory=lambda: FileOptions.model_construct(), description="Format options")


class NativeTarget(TargetBase):
    """What a connector writes itself, without SQL; its own fields stand in its subclasses."""

    @property
    def place(self) -> str:
        """What is written, for people: the first text among the connector's own fields."""
        return _first_text(self, NativeTarget)


def own_fields(node: NodeBase, base: type[NodeBase]) -> dict[str, Any]:
    """Return the fields of a node that `base` does not have, by their names in YAML."""
    fields = type(node).model_fields
    return {field.alias or name: getattr(node, name) for name, field in fields.items() if name not in base.model_fields}


def _first_text(node: NodeBase, base: type[NodeBase]) -> str:
    return next((value for value in own_fields(node, base).values() if isinstance(value, str)), "")


# ---------------------------------------------------------------- transforms


class SqlTransform(NodeBase):
    """One SELECT over the inputs, which are named by node id."""

    type: Literal["transform.sql"]
    query: NonEmptyText = Field(description="One SELECT in the dialect of the node's connection")


class FilterTransform(NodeBase):
    """Keeps rows whose condition is true; the others leave by the port `rejected`."""

    type: Literal["transform.filter"]
    where: NonEmptyText = Field(description="Condition")


class SelectColumn(Model):
    """One column of a select."""

    name: NonEmptyText = Field(description="Input column")
    as_: NonEmptyText | None = Field(None, alias="as", description="Output name")
    cast: NonEmptyText | None = Field(None, description="SQL type to cast to")
    on_error: OnError = Field("fail", description="What a failing cast does")


class SelectTransform(NodeBase):
    """Chooses, renames, reorders and casts columns."""

    type: Literal["transform.select"]
    columns: tuple[NonEmptyText | SelectColumn, ...] | None = Field(None, description="Output columns in order")
    drop: tuple[NonEmptyText, ...] = Field((), description="Columns left out")
    rename: dict[Text, NonEmptyText] = Field(default_factory=dict, description="Old name to new name")


class ExpressionTransform(NodeBase):
    """Adds or replaces columns by expressions over the input."""

    type: Literal["transform.expression"]
    columns: dict[Text, NonEmptyText] = Field(min_length=1, description="New column to expression")


class AggregateTransform(NodeBase):
    """One row per group."""

    type: Literal["transform.aggregate"]
    group_by: tuple[NonEmptyText, ...] = Field((), description="Grouping columns; empty = one row for all")
    aggregates: dict[Text, NonEmptyText] = Field(default_factory=dict, description="Output column to aggregate")
    having: NonEmptyText | None = Field(None, description="Condition on the groups")


class JoinTransform(NodeBase):
    """Joins two inputs."""

    type: Literal["transform.join"]
    how: Literal["inner", "left", "right", "full", "cross", "semi", "anti"] = Field("inner", description="Kind of join")
    keys: tuple[NonEmptyText, ...] | dict[Text, NonEmptyText] | None = Field(
        None, description="Columns of one name, or a map left to right"
    )
    condition: NonEmptyText | None = Field(None, description="Further condition; sides are `l` and `r`")
    null_safe: Flag = Field(False, description="Whether NULL keys meet each other")
    expect: Literal["one_to_one", "many_to_one", "one_to_many", "many_to_many"] | None = Field(
        None, description="Cardinality checked at run time"
    )
    right_prefix: NonEmptyText | None = Field(None, description="Prefix of right columns whose name collides")


class UnionTransform(NodeBase):
    """Puts the rows of several inputs under each other."""

    type: Literal["transform.union"]
    mode: Literal["all", "distinct"] = Field("all", description="Whether equal rows are kept")
    match: Literal["name", "position"] = Field("name", description="How columns meet")


class DeduplicateTransform(NodeBase):
    """Keeps one row per key."""

    type: Literal["transform.deduplicate"]
    keys: tuple[NonEmptyText, ...] = Field(min_length=1, description="Columns that identify a row")
    order_by: tuple[NonEmptyText, ...] = Field((), description="Order that decides which row stays")
    keep: Literal["first", "last"] = Field("first", description="Which row of the order stays")


class WindowTransform(NodeBase):
    """Adds columns computed over a window; no row is lost."""

    type: Literal["transform.window"]
    partition_by: tuple[NonEmptyText, ...] = Field((), description="Columns that split the rows")
    order_by: tuple[NonEmptyText, ...] = Field((), description="Order inside a partition")
    frame: NonEmptyText | None = Field(None, description="ROWS or RANGE clause")
    columns: dict[Text, NonEmptyText] = Field(min_length=1, description="Output column to expression, without OVER")


class Sample(Model):
    """A random part of the rows; give one of `percent` and `rows`."""

    percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(None, description="Share of rows, 0 to 100")
    rows: PositiveCount | None = Field(None, description="Number of rows")
    seed: Whole | None = Field(None, description="Makes the sample repeatable")


class SortTransform(NodeBase):
    """Orders, limits or samples rows."""

    type: Literal["transform.sort"]
    order_by: tuple[NonEmptyText, ...] = Field((), description="`col [DESC] [NULLS FIRST|LAST]`")
    limit: Count | None = Field(None, description="Most rows")
    offset: Count | None = Field(None, description="Rows left out first")
    sample: Sample | None = Field(None, description="Random part of the rows")


class PivotTransform(NodeBase):
    """Turns rows into columns, or columns into rows."""

    type: Literal["transform.pivot"]
    kind: Literal["pivot", "unpivot"] = Field("pivot", description="Direction")
    keys: tuple[NonEmptyText, ...] = Field(min_length=1, description="Columns that stay")
    column: NonEmptyText = Field(description="Column that holds (or receives) the names")
    value: NonEmptyText = Field(description="Column that holds (or receives) the values")
    values: tuple[Scalar, ...] = Field(min_length=1, description="Static list of names")
    aggregate: NonEmptyText | None = Field(None, description="pivot: name of the aggregate, such as SUM")
    keep_nulls: Flag = Field(False, description="unpivot: keep rows whose value is NULL")


class RouterTransform(NodeBase):
    """Sends each row to the port of its condition."""

    type: Literal["transform.router"]
    routes: dict[Text, NonEmptyText] = Field(min_length=1, description="Port to condition, in order")
    default: NonEmptyText = Field("default", description="Name of the port for the rest")
    exclusive: Flag = Field(True, description="True: the first match wins")


# ---------------------------------------------------------------- quality

QualitySeverity = Literal["warn", "block", "quarantine"]
Threshold = Number | Text


class QualityBase(NodeBase):
    """Fields that every quality node has."""

    severity: QualitySeverity = Field("block", description="What a breach does")


class ColumnRule(Model):
    """One rule on one column."""

    column: NonEmptyText = Field(description="Column to check")
    check: Literal["not_null", "unique", "in", "range", "regex", "length"] = Field(description="Kind of check")
    values: tuple[Scalar, ...] | None = Field(None, description="in: allowed values")
    pattern: NonEmptyText | None = Field(None, description="regex: pattern the whole value is searched for")
    min: Number | Moment | None = Field(None, description="range, length: lowest value, inclusive")
    max: Number | Moment | None = Field(None, description="range, length: highest value, inclusive")
    threshold: Threshold = Field(0, description="Failing rows allowed: a count, a share below 1, or `5%`")


class ColumnRulesQuality(QualityBase):
    """Rules on columns, checked in one scan."""

    type: Literal["quality.column_rules"]
    rules: tuple[ColumnRule, ...] = Field(min_length=1, description="Rules")


class RowRuleQuality(QualityBase):
    """A condition that good rows meet."""

    type: Literal["quality.row_rule"]
    where: NonEmptyText = Field(description="Condition; NULL fails it")
    threshold: Threshold = Field(0, description="Failing rows allowed")


class ReferenceTable(Model):
    """The table a reference check looks into."""

    connection: NonEmptyText | None = Field(None, description="Connection of the table")
    table: NonEmptyText = Field(description="Table")
    columns: tuple[NonEmptyText, ...] = Field(min_length=1, description="Key columns of the table")


class ReferenceQuality(QualityBase):
    """Foreign keys must exist."""

    type: Literal["quality.reference"]
    columns: tuple[NonEmptyText, ...] = Field(min_length=1, description="Foreign key columns")
    reference: ReferenceTable = Field(description="Where the keys must exist")
    threshold: Threshold = Field(0, description="Failing rows allowed")


class CompareRuns(Model):
    """Compares the row count with the last runs."""

    n: PositiveCount = Field(description="How many runs")
    tolerance: Threshold = Field(description="Allowed distance, a share or `5%`")


class FreshnessQuality(QualityBase):
    """Rows must be recent and of the usual number."""

    type: Literal["quality.freshness"]
    column: NonEmptyText | None = Field(None, description="Timestamp column")
    max_age: Duration | None = Field(None, description="Age of the newest row")
    min_rows: Count | None = Field(None, description="Fewest rows")
    max_rows: Count | None = Field(None, description="Most rows")
    compare_runs: CompareRuns | None = Field(None, description="Compare with earlier runs")


class AgainstQuery(Model):
    """Rows to reconcile with, from any connection."""

    connection: NonEmptyText = Field(description="Connection of the query")
    query: NonEmptyText = Field(description="One SELECT")


class ReconcileQuality(QualityBase):
    """Measures of the input must equal those of another set of rows."""

    type: Literal["quality.reconcile"]
    against: Text | AgainstQuery = Field(description="A node id, or a query")
    measures: dict[Text, NonEmptyText] = Field(min_length=1, description="Measure to aggregate")
    tolerance: Threshold = Field(0, description="Allowed distance, absolute or `1%`")
    schema_: dict[Text, NonEmptyText] | None = Field(None, alias="schema", description="Schema contract")


# ---------------------------------------------------------------- AI


class AiSql(NodeBase):
    """SQL a model proposed and a person approved; the frozen query runs, never the model."""

    type: Literal["ai.sql"]
    prompt: NonEmptyText = Field(description="What the query should do")
    query: NonEmptyText | None = Field(None, description="The frozen, approved SELECT")


class EnrichOutput(Model):
    """One column that the model fills."""

    type: NonEmptyText = Field(description="string, integer, number, boolean or date")
    enum: tuple[Scalar, ...] | None = Field(None, description="Allowed values")
    description: Text | None = Field(None, description="Told to the model")


DEFAULT_MODEL_CONNECTION = "pydanticai_default"


class AiEnrich(NodeBase):
    """Columns that a model fills row by row."""

    type: Literal["ai.enrich"]
    prompt: NonEmptyText = Field(description="What the model is asked")
    inputs: tuple[NonEmptyText, ...] = Field(min_length=1, description="Columns sent to the model")
    outputs: dict[Text, EnrichOutput] = Field(min_length=1, description="Columns it fills")
    batch_size: PositiveCount | None = Field(None, description="Rows per call")
    max_cost: Annotated[Number, Field(gt=0)] | None = Field(None, description="Most that a run may cost, in US dollars")
    rate_limit: Annotated[Number, Field(gt=0)] | None = Field(None, description="Most requests to the model a second")
    on_error: OnError = Field("fail", description="What a failing row does")

    @property
    def model_connection(self) -> str:
        """Its connection, or the one that Airflow's provider takes where none is named."""
        return self.connection or DEFAULT_MODEL_CONNECTION


class AiAssist(NodeBase):
    """Suggestions for people to accept; never changes data."""

    type: Literal["ai.assist"]
    prompt: NonEmptyText | None = Field(None, description="What the model should mind, where one is asked")
    task: Literal["quality_rules", "mapping"] = Field(description="What to suggest")
