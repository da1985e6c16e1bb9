"""The conformance test of connectors: subclass `ConnectorContract`, say how to connect, and pytest does the rest.

Only rules that the manifest brings along are tried; the others are skipped by name. Needs pytest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.connector import ConnectorBase
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Predicate, SchemaRequest
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.manifest import NAME_PATTERN, Capability, Maturity, Operation
from dataflow_provider.spec.project import Project

ROWS: tuple[dict[str, Any], ...] = (
    {"id": 1, "name": "ann", "amount": 12.5},
    {"id": 2, "name": 'żółć, "quoted"\nsecond line', "amount": -0.25},
    {"id": 3, "name": "", "amount": None},
    {"id": 4, "name": "dan", "amount": 1e15},
)
SCHEMA = pyarrow.schema([("id", pyarrow.int64()), ("name", pyarrow.string()), ("amount", pyarrow.float64())])


class ConnectorContract:
    """What holds for every connector. A subclass gives the fixtures `connector`, `connection` and `options`.

    `options` are a node's own fields, those of one object that nobody else uses. `broken_connection` is one whose
    server does not answer, or None. `rows` may be replaced where the other side cannot hold these; reads are cut by
    `partition_column`; `added` are the columns that the connector gives beside those that were written.
    """

    schema: Any = SCHEMA
    rows: tuple[dict[str, Any], ...] = ROWS
    partition_column: str = "id"
    added: tuple[str, ...] = ()

    @pytest.fixture
    def broken_connection(self) -> ConnectionSpec | None:
        return None

    @pytest.fixture
    def project(self, tmp_path: Path) -> Project:
        return Project(tmp_path, "contract", (tmp_path,), tmp_path / "warehouse.duckdb")

    @pytest.fixture
    def session(self, connector: ConnectorBase[Any], connection: ConnectionSpec, project: Project) -> Iterator[Any]:
        with connector.open(connection, session_options(project)) as opened:
            yield opened

    # ------------------------------------------------------------ the manifest

    def test_manifest_is_complete(self, connector: ConnectorBase[Any], connection: ConnectionSpec) -> None:
        manifest = connector.manifest
        assert re.fullmatch(NAME_PATTERN, manifest.name)
        assert manifest.label
        assert manifest.icon
        assert manifest.category
        assert manifest.docs
        assert manifest.version
        assert manifest.maturity is not Maturity.PLANNED
        assert manifest.operations
        module, _, name = manifest.implementation.partition(":")
        assert (module, name) == (type(connector).__module__, type(connector).__name__)
        assert not manifest.connection_types or connection.conn_type in manifest.connection_types

    def test_open_connection_answers(self, connector: ConnectorBase[Any], session: Any) -> None:
        assert connector.test_connection(session).strip()

    def test_broken_connection_is_told_without_secrets(
        self, connector: ConnectorBase[Any], broken_connection: ConnectionSpec | None, project: Project
    ) -> None:
        if broken_connection is None:
            pytest.skip("not applicable: no broken connection is given")
        with pytest.raises(DataflowError) as caught, connector.open(broken_connection, session_options(project)) as one:
            connector.test_connection(one)
        told = str(caught.value)
        assert broken_connection.conn_id in told
        assert not broken_connection.password or broken_connection.password not in told

    # ------------------------------------------------------------ rows

    def test_rows_written_are_read_again(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        written = self.load(connector, session, options, project)
        assert written == len(self.rows)
        assert self.read(connector, session, options, project) == self.expected(range(len(self.rows)))

    def test_no_rows_keep_their_columns(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        assert self.load(connector, session, options, project, rows=()) == 0
        batches = [*connector.extract_data(session, ExtractRequest("contract", options, project=project))]
        assert batches[0].schema.names == self.schema.names
        assert sum(batch.num_rows for batch in batches) == 0

    def test_second_try_of_a_run_leaves_its_rows_once(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        if not connector.manifest.exactly_once or connector.manifest.kind == "sql":
            pytest.skip("not applicable: a repeated append is not this connector's to recognise")
        for marker in ("run 1", "run 2", "run 1"):
            self.load(connector, session, options, project, mode="append", marker=marker)
        assert len(self.read(connector, session, options, project)) == 2 * len(self.rows)

    def test_overwrite_replaces_what_was_there(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        if not connector.manifest.overwrites:
            pytest.skip("not applicable: it only appends")
        self.load(connector, session, options, project, marker="run 1")
        self.load(connector, session, options, project, marker="run 2", rows=self.rows[:1])
        assert self.read(connector, session, options, project) == self.expected([0])

    def test_failed_load_leaves_what_was_there(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        if not connector.manifest.overwrites:
            pytest.skip("not applicable: it only appends")
        self.load(connector, session, options, project, marker="run 1")

        def torn() -> Iterator[Any]:
            yield from self.batches(self.rows[:1])
            raise ConnectionAbortedError("the rows stopped coming")

        request = LoadRequest("contract", options, "overwrite", "run 2", project=project)
        with pytest.raises((ConnectionAbortedError, DataflowError)):
            connector.load_data(session, torn(), request)
        assert self.read(connector, session, options, project) == self.expected(range(len(self.rows)))

    def test_limit_gives_no_row_more(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD)
        self.load(connector, session, options, project)
        assert len(self.read(connector, session, options, project, limit=2)) == 2

    def test_column_projection_gives_those_in_that_order(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD, Capability.COLUMN_PROJECTION)
        self.load(connector, session, options, project)
        rows = self.read(connector, session, options, project, columns=("amount", "id"))
        assert [tuple(row) for row in rows][:1] == [("amount", "id")]

    def test_predicates_lose_no_row(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD, Capability.PREDICATE_PUSHDOWN)
        self.load(connector, session, options, project)
        wanted = Predicate("id", ">=", (3,))
        kept = {row["id"] for row in self.read(connector, session, options, project, predicates=(wanted,))}
        assert {3, 4} <= kept <= {1, 2, 3, 4}

    def test_partitions_hold_every_row_once(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.EXTRACT, Operation.LOAD, Capability.PARTITIONED_READ)
        self.load(connector, session, options, project)
        request = ExtractRequest("contract", options, project=project)
        parts = connector.plan_partitions(session, request, self.partition_column, 3)
        found = [row["id"] for part in parts for row in self.read(connector, session, options, project, partition=part)]
        assert sorted(found) == [row["id"] for row in self.rows]

    # ------------------------------------------------------------ what there is

    def test_schema_names_the_object_and_its_columns(
        self, connector: ConnectorBase[Any], session: Any, options: Mapping[str, Any], project: Project
    ) -> None:
        needs(connector, Operation.LOAD, Capability.SCHEMA_DISCOVERY)
        if connector.manifest.kind == "sql":
            pytest.skip("not applicable: catalogues of databases are tried with their engines")
        self.load(connector, session, options, project)
        entries = connector.discover_schema(session, SchemaRequest()).entries
        assert len(entries) == 1
        columns = connector.discover_schema(session, SchemaRequest(table=entries[0].name)).entries
        assert [column.name for column in columns] == [*self.schema.names, *self.added]
        assert all(column.type for column in columns)
        assert connector.discover_schema(session, SchemaRequest(search="no such thing")).entries == ()

    # ------------------------------------------------------------ for subclasses

    def batches(self, rows: tuple[dict[str, Any], ...]) -> Iterator[Any]:
        yield pyarrow.RecordBatch.from_pylist([], schema=self.schema)
        for row in rows:
            yield pyarrow.RecordBatch.from_pylist([row], schema=self.schema)

    def expected(self, places: Any) -> list[dict[str, Any]]:
        """Return the rows as they come back; an empty text may come back as NULL from what knows no difference."""
        return sorted((self.rows[place] for place in places), key=lambda row: int(row["id"]))

    def load(
        self,
        connector: ConnectorBase[Any],
        session: Any,
        options: Mapping[str, Any],
        project: Project,
        *,
        rows: tuple[dict[str, Any], ...] | None = None,
        mode: Any = "overwrite",
        marker: str = "run",
    ) -> int:
        mode = mode if connector.manifest.overwrites else "append"
        request = LoadRequest("contract", options, mode, marker, project=project)
        return connector.load_data(session, self.batches(self.rows if rows is None else rows), request)

    def read(
        self,
        connector: ConnectorBase[Any],
        session: Any,
        options: Mapping[str, Any],
        project: Project,
        **asked: Any,
    ) -> list[dict[str, Any]]:
        request = ExtractRequest("contract", options, project=project, **asked)
        rows = [row for batch in connector.extract_data(session, request) for row in batch.to_pylist()]
        return sorted(rows, key=lambda row: int(row["id"])) if rows and "id" in rows[0] else rows


def needs(connector: ConnectorBase[Any], *wanted: Operation | Capability) -> None:
    """Skip a rule that the manifest does not bring along."""
    manifest = connector.manifest
    for one in wanted:
        if one not in manifest.operations and one not in manifest.capabilities:
            pytest.skip(f"not applicable: `{manifest.name}` has no `{one}`")


def session_options(project: Project) -> SessionOptions:
    return SessionOptions(Holder("contract", "test"), file_roots=project.file_roots)
