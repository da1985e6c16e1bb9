"""Models of the nodes that read and write topics and REST services."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dataflow_provider.spec.model_base import Model
from dataflow_provider.spec.nodes import NativeSource, NativeTarget, Scalar
from dataflow_provider.spec.values import Count, Duration, Flag, NonEmptyText, Number, PositiveCount, Text

# ---------------------------------------------------------------- topics


KafkaFormat = Literal["json", "csv"]


class KafkaOptions(Model):
    """How records are read and written."""

    delimiter: Text | None = Field(None, description="csv: column separator, one character; `,` when omitted")
    quote: Text | None = Field(None, description='csv: quote character; `"` when omitted')
    timeout: Duration | None = Field(None, description="Longest silence of the brokers; 60s when omitted")


class KafkaSourceOptions(KafkaOptions):
    """How records are read."""

    flatten: Flag = Field(False, description="json: objects inside a record become columns `outer_inner`")
    null: Text | None = Field(None, description="csv: text that means NULL; the empty field when omitted")
    tombstones: Literal["keep", "skip"] = Field("keep", description="Records without a value: rows of NULL, or none")
    on_lost: Literal["fail", "skip"] = Field(
        "fail", description="What it does when records were deleted before they were read"
    )
    max_record_bytes: PositiveCount = Field(16_000_000, description="Larger values are bad records")


class KafkaSource(NativeSource):
    """A Kafka topic, read from one offset to another."""

    type: Literal["source.kafka"]
    topic: NonEmptyText = Field(description="Topic to read")
    format: KafkaFormat = Field("json", description="json, or csv with a `schema`")
    options: KafkaSourceOptions | None = Field(None, description="How records are read")


class TopicCreate(Model):
    """How a missing topic is made."""

    if_missing: Flag = Field(False, description="Create the topic when it is missing")
    partitions: PositiveCount | None = Field(None, description="Its partitions; the cluster's default when omitted")
    replication: PositiveCount | None = Field(None, description="Copies of each; the cluster's default when omitted")


class KafkaTargetOptions(KafkaOptions):
    """How records are written."""

    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field("none", description="Of batches of records")
    partitioner: Literal["murmur2_random", "consistent_random", "random"] = Field(
        "murmur2_random", description="How a key finds its partition; the default is that of Java's clients"
    )
    max_record_bytes: PositiveCount = Field(1_000_000, description="A larger record fails the write")


class KafkaTarget(NativeTarget):
    """A Kafka topic, written record by record."""

    type: Literal["target.kafka"]
    topic: NonEmptyText = Field(description="Topic to write")
    key: tuple[NonEmptyText, ...] = Field((), description="Columns that make the record's key; none when omitted")
    format: KafkaFormat = Field("json", description="json or csv")
    create: TopicCreate | None = Field(None, description="Create a missing topic")
    options: KafkaTargetOptions | None = Field(None, description="How records are written")


# ---------------------------------------------------------------- services


class Pagination(Model):
    """How the next page of an answer is found."""

    kind: Literal["page", "offset", "cursor", "link", "url"] = Field(
        description="By page number, offset, cursor of the body, Link header, or URL in the body"
    )
    parameter: NonEmptyText | None = Field(None, description="page, offset, cursor: the query parameter that moves")
    start: Count | None = Field(None, description="page: number of the first page, 1 when omitted; offset: 0")
    size_parameter: NonEmptyText | None = Field(None, description="page, offset: query parameter of the page's size")
    size: PositiveCount | None = Field(None, description="page, offset: records a page; a shorter page is the last")
    next: NonEmptyText | None = Field(None, description="cursor, url: path of the next cursor or URL in the body")
    max_pages: PositiveCount = Field(10_000, description="More pages than this fail the read")


class HttpOptions(Model):
    """How requests are sent."""

    headers: dict[Text, Text] = Field(default_factory=dict, description="Headers; secrets belong to the connection")
    timeout: Duration | None = Field(None, description="Longest silence of the service; 60s when omitted")
    attempts: PositiveCount = Field(5, description="Tries of one request on 429, 5xx and lost connections")
    rate_limit: Annotated[Number, Field(gt=0)] | None = Field(None, description="Most requests a second")


class HttpSourceOptions(HttpOptions):
    """How a service is read."""

    params: dict[Text, Scalar] = Field(default_factory=dict, description="Query parameters")
    flatten: Flag = Field(False, description="Objects inside a record become columns `outer_inner`")
    max_response_bytes: PositiveCount = Field(100_000_000, description="Larger answers, unpacked, fail the read")


class HttpSource(NativeSource):
    """A REST endpoint."""

    type: Literal["source.http"]
    path: NonEmptyText = Field(description="Path below the connection's host")
    format: Literal["json"] | None = Field(None, description="json when omitted")
    pagination: Pagination | None = Field(None, description="How the next page is found; one page when omitted")
    records: NonEmptyText | None = Field(None, description="Path of the list of records, such as data.items")
    options: HttpSourceOptions | None = Field(None, description="Request options")


class HttpTargetOptions(HttpOptions):
    """How a service is written to."""

    method: Literal["POST", "PUT"] = Field("POST", description="Verb of the requests")
    body: Literal["array", "lines"] = Field("array", description="A batch as a JSON array, or as JSON lines")


class HttpTarget(NativeTarget):
    """A REST endpoint that takes records."""

    type: Literal["target.http"]
    path: NonEmptyText = Field(description="Path below the connection's host")
    format: Literal["json"] | None = Field(None, description="json when omitted")
    options: HttpTargetOptions | None = Field(None, description="Request options")
