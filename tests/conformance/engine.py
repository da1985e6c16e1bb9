"""One engine under test: makes the tables, runs pipelines through the product's own door, reads what they wrote.

The stand-ins of Snowflake and Databricks take a tenth of a second for each statement and more for a login. There the
statements of each stage run in one session, up to its stage tables; publishes are tested by the write modes alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.live_check import check_live
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.data import TABLES, Table
from tests.conformance.reference import Rows
from tests.conformance.statements import answers

SLOW = ("snowflake", "databricks")
_QUOTED = re.compile(r"\[([^\]]+)\]")
Nodes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class OneConnection:
    """The connections of a test: one, whatever its id."""

    spec: ConnectionSpec

    def get(self, conn_id: str) -> ConnectionSpec:
        assert conn_id == self.spec.conn_id
        return self.spec


@dataclass
class Engine:
    """An engine by a connection and a schema of its own; `folder` is the project."""

    name: str
    spec: ConnectionSpec
    schema: str
    folder: Path
    kept: ExitStack = field(default_factory=ExitStack, repr=False)
    _session: SqlSession | None = field(default=None, repr=False)

    @property
    def dialect(self) -> SqlDialect:
        return get_dialect(self.name)

    def table(self, name: str) -> str:
        """Return the table as a YAML names it; an engine without schemas has an empty one."""
        return f"{self.schema}.{name}" if self.schema else name

    def quoted(self, name: str) -> str:
        return self.dialect.publish.table(self.table(name))

    @contextmanager
    def session(self) -> Iterator[SqlSession]:
        """Give a session of the product; on a slow engine the same one each time, until `kept` is closed."""
        options = SessionOptions(Holder("conformance", "setup"), file_roots=(self.folder,))
        opened = get_connector(self.name).open(self.spec, options)
        if self.name not in SLOW:
            with opened as session:
                yield session
            return
        if self._session is None:
            self._session = self.kept.enter_context(opened)
        yield self._session

    def prepare(self) -> None:
        """The tables of the suite stand, and the schema of stage tables."""
        self.create(*TABLES)
        schema = self.dialect.create_stage_schema()
        if schema is not None:
            with self.session() as session:
                session.execute(schema)

    def create(self, *tables: Table) -> None:
        """The tables stand in the schema with their rows."""
        dialect = self.dialect
        with self.session() as session:
            for table in tables:
                columns = ", ".join(
                    f"{dialect.publish.quote(name)} {self._type(kind)}" for name, kind in table.columns.items()
                )
                session.execute(f"CREATE TABLE {self.quoted(table.name)} ({columns})")
                if table.values:
                    rows = ", ".join(f"({', '.join(map(self._literal, row))})" for row in table.values)
                    session.execute(f"INSERT INTO {self.quoted(table.name)} VALUES {rows}")

    def _type(self, kind: str) -> str:
        """Return the engine's type; texts are compared by their characters, also where the default is not to."""
        if kind != "VARCHAR":
            return kind
        if self.name == "databricks":
            return "STRING"
        return "VARCHAR(100) COLLATE utf8mb4_nopad_bin" if self.name == "mysql" else "VARCHAR(100)"

    def _literal(self, value: Any) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int | Decimal):
            return str(value)
        return self.dialect.publish.text(str(value))

    def run(self, case: str, nodes: Nodes, outputs: Mapping[str, Rows]) -> dict[str, Rows]:
        """Run the nodes with a target behind each output and return what the targets hold."""
        if self.name in SLOW:
            with self.session() as session:
                return self.answer(session, case, nodes, outputs)
        names = {ref: f"out_{number}" for number, ref in enumerate(outputs)}
        plan, values, connections = (
            plan_pipeline(self.pipeline(case, nodes, names)), RunValues(f"manual__{case}"), OneConnection(self.spec),
        )  # fmt: skip
        project = Project(self.folder, "default", (self.folder,), self.folder / "unused.duckdb")
        found = check_live(plan, values, connections, project).problems
        result = run_pipeline(plan, values, connections, project)
        for error in result.errors.values():
            raise error
        assert [one for one in found if one.severity is Severity.ERROR] == [], "what runs is called an error"
        with self.session() as session:
            return {
                ref: rows_of(session, self.quoted(f"{case}_{name}"), rows)
                for (ref, name), rows in zip(names.items(), outputs.values(), strict=True)
            }

    def answer(self, session: SqlSession, case: str, nodes: Nodes, outputs: Mapping[str, Rows]) -> dict[str, Rows]:
        """Return what the targets would be given, by the statements of each stage in the session."""
        names = {ref: f"out_{number}" for number, ref in enumerate(outputs)}
        plan = plan_pipeline(self.pipeline(case, nodes, names))
        with answers(session, plan, RunValues(f"manual__{case}")) as tables:
            return {
                ref: rows_of(session, tables[f"to_{name}"], rows)
                for (ref, name), rows in zip(names.items(), outputs.values(), strict=True)
            }

    def pipeline(self, case: str, nodes: Nodes, names: Mapping[str, str]) -> Pipeline:
        """Return the nodes as a pipeline, with a source for each table they name and a target for each output."""
        return Pipeline.model_validate(
            {
                "apiVersion": "dataflow/v1",
                "kind": "Pipeline",
                "id": "conformance",
                "defaults": {"connection": self.spec.conn_id},
                "nodes": {**self._sources(nodes), **self._own(nodes), **self._targets(case, names)},
            }
        )

    def _sources(self, nodes: Nodes) -> dict[str, Any]:
        read = {one for node in nodes.values() for one in _inputs(node["from"])} - set(nodes)
        return {
            name: {"type": f"source.{self.name}", "table": self.table(name)}
            for name in sorted(one.partition(".")[0] for one in read if one.partition(".")[0] not in nodes)
        }

    def _own(self, nodes: Nodes) -> dict[str, Any]:
        return {name: self._dressed(node) for name, node in nodes.items()}

    def _dressed(self, value: Any) -> Any:
        """Return the node with each `[name]` in its texts quoted as the engine quotes."""
        if isinstance(value, str):
            return _QUOTED.sub(lambda match: self.dialect.publish.quote(match[1]), value)
        if isinstance(value, Mapping):
            return {key: self._dressed(one) for key, one in value.items()}
        return [self._dressed(one) for one in value] if isinstance(value, list) else value

    def _targets(self, case: str, names: Mapping[str, str]) -> dict[str, Any]:
        return {
            f"to_{name}": {
                "type": f"target.{self.name}",
                "from": ref,
                "table": self.table(f"{case}_{name}"),
                "write": {"mode": "overwrite"},
                "create": {"if_missing": True},
            }
            for ref, name in names.items()
        }


def rows_of(session: SqlSession, table: str, expected: Rows) -> Rows:
    """Return the rows of a quoted table, whose columns are those expected."""
    columns, rows = session.fetch_rows(f"SELECT * FROM {table}")
    if expected and set(expected[0]) != set(columns):
        raise AssertionError(f"{table} has the columns {columns}, expected {list(expected[0])}")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _inputs(written: Any) -> list[str]:
    if isinstance(written, str):
        return [written]
    return list(written.values()) if isinstance(written, Mapping) else list(written)


def normal(rows: Rows) -> Counter[tuple[tuple[str, Any], ...]]:
    """Return the rows as a bag; what drivers tell differently is equal in it: 1 and 1.00, a date and its text."""
    return Counter(tuple(sorted((name, _plain(value)) for name, value in row.items())) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, bool | int | Decimal):
        return Decimal(value).quantize(Decimal("0.000001"))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value
