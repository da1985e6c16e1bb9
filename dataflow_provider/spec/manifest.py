"""What a connector says of itself, readable without its driver: name, form fields, node fields, what it can do.

Plain data and nothing else: manifests are read while Dags are parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from dataflow_provider.errors import AuthorError

NAME_PATTERN = r"[a-z][a-z0-9_]{0,30}"


class Operation(StrEnum):
    """What a connector does for a pipeline; each gives it a family of nodes."""

    EXTRACT = "extract"
    LOAD = "load"


class Capability(StrEnum):
    """What a connector does itself; the planner leaves to it what it declares, and does the rest in SQL.

    COLUMN_PROJECTION:  reads only the columns asked for
    PREDICATE_PUSHDOWN: leaves out rows that plain comparisons rule out; it may give more rows, never fewer
    PARTITIONED_READ:   reads one of several parts, so that parts are read side by side
    FROZEN_READ:        tells where its rows end now, and reads up to there again; `incremental` needs it
    BULK_LOAD:          takes batches of any size; without it they are cut to `batch_size` rows
    STREAMING:          can be read without end
    SCHEMA_DISCOVERY:   lists what there is to read, with columns and types
    ENGINE_FILES:       names local files, which an engine such as DuckDB reads and writes itself
    """

    COLUMN_PROJECTION = "column_projection"
    PREDICATE_PUSHDOWN = "predicate_pushdown"
    PARTITIONED_READ = "partitioned_read"
    FROZEN_READ = "frozen_read"
    BULK_LOAD = "bulk_load"
    STREAMING = "streaming"
    SCHEMA_DISCOVERY = "schema_discovery"
    ENGINE_FILES = "engine_files"


class Maturity(StrEnum):
    """What the connector was proved on; `planned` is in the language and cannot run yet."""

    LIVE_TESTED = "live-tested"
    CONTRACT_TESTED = "contract-tested"
    PLANNED = "planned"


FieldKind = Literal["text", "integer", "number", "boolean", "list", "map"]


@dataclass(frozen=True)
class NodeField:
    """A field that a node of the connector has in YAML beside the common ones; `choices` closes a text."""

    name: str
    description: str
    kind: FieldKind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConnectionField:
    """A field of the connection form: host, port, schema, login or password, else a key of the extra.

    `secret` values are masked wherever a connection is shown.
    """

    name: str
    label: str
    kind: Literal["text", "integer", "boolean"] = "text"
    required: bool = False
    secret: bool = False
    placeholder: str = ""
    description: str = ""


@dataclass(frozen=True)
class ConnectorManifest:
    """One connector.

    kind:             sql: its database runs the SQL of nodes; native: it gives and takes Arrow batches
    implementation:   `module:Class`, imported when the connector is first used; "" for one that cannot run yet
    connection_types: Airflow's connection types it takes, the usual one first; none where no connection is needed
    dialect:          (sql) the name of the SQL it speaks
    docs:             page or URL
    source_fields, target_fields: (native) what its nodes say beside the common fields
    exactly_once:     (native target) a repeated load of the same run leaves the rows once
    overwrites:       (native target) can replace all that was there; without it only append is allowed
    package:          what to install for its driver; "" when nothing is missing
    tested_on:        what `maturity` was earned on
    """

    name: str
    label: str
    kind: Literal["sql", "native"]
    implementation: str
    description: str
    icon: str
    category: str
    docs: str
    version: str
    connection_types: tuple[str, ...] = ()
    dialect: str = ""
    operations: frozenset[Operation] = frozenset(Operation)
    capabilities: frozenset[Capability] = frozenset()
    maturity: Maturity = Maturity.CONTRACT_TESTED
    tested_on: str = ""
    fields: tuple[ConnectionField, ...] = ()
    source_fields: tuple[NodeField, ...] = ()
    target_fields: tuple[NodeField, ...] = ()
    exactly_once: bool = True
    overwrites: bool = True
    package: str = ""

    @property
    def node_types(self) -> tuple[str, ...]:
        """The types of its nodes in YAML."""
        families = ((Operation.EXTRACT, "source"), (Operation.LOAD, "target"))
        return tuple(f"{family}.{self.name}" for operation, family in families if operation in self.operations)

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities

    def require_runnable(self) -> None:
        """Nothing happens when the connector can run.

        Raises:
            AuthorError: `DF-CONN-003` when it is planned only.
        """
        if not self.implementation:
            raise AuthorError("DF-CONN-003", f"connector `{self.name}` cannot run here yet")
