"""Models of how call detail records stand in a file: lines with record types, or ASN.1 in BER."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dataflow_provider.spec.model_base import Model
from dataflow_provider.spec.values import NonEmptyText, PositiveCount, Text

Asn1Conversion = Literal["tbcd", "bcd", "hex", "text", "address", "ipv4", "timestamp", "integer"]


class CdrTrailer(Model):
    """The last line of a file."""

    type: NonEmptyText = Field(description="Record type of the trailer")
    count_at: PositiveCount | None = Field(None, description="Which field, from 1, tells how many records there are")


class CdrRecords(Model):
    """Lines of fields, of which one tells the record type."""

    type_at: PositiveCount = Field(1, description="Which field, from 1, tells the record type")
    types: dict[Text, dict[Text, NonEmptyText]] = Field(
        min_length=1, description="Record type to its other fields in order: name to SQL type"
    )
    take: tuple[NonEmptyText, ...] | None = Field(None, description="Record types to read; all when omitted")
    ignore: tuple[NonEmptyText, ...] = Field((), description="Record types that are no mistake and not read")
    header: NonEmptyText | None = Field(None, description="Record type of the first line, which must be there")
    trailer: CdrTrailer | None = Field(None, description="The last line, which must be there")


class Asn1Field(Model):
    """A column out of a record."""

    path: NonEmptyText | tuple[NonEmptyText, ...] = Field(
        description="Dotted path in the record; of several the first that is there"
    )
    as_: Asn1Conversion | None = Field(None, alias="as", description="What makes a value of the bytes")


class Asn1Records(Model):
    """Records of a file in BER, by their ASN.1 schema."""

    schema_file: NonEmptyText | tuple[NonEmptyText, ...] = Field(description="ASN.1 files, relative to the project")
    type: NonEmptyText = Field(description="ASN.1 type that the file holds, once or one after another")
    records: NonEmptyText | None = Field(None, description="Dotted path of the list of records inside that type")
    fields: dict[Text, NonEmptyText | Asn1Field] = Field(min_length=1, description="Column to path, or path and `as`")
