"""The files of a new connector: a package that works at once, on CSV files in a folder, to be changed step by step."""

from __future__ import annotations

from collections.abc import Mapping

MANIFEST = '''\
"""What the connector says of itself. Read while Dags are parsed, so it must not import the driver."""

from dataflow_provider.spec.manifest import Capability, ConnectionField, ConnectorManifest, Maturity, NodeField

MANIFEST = ConnectorManifest(
    name="{name}",
    label="{label}",
    kind="native",
    implementation="{package}.connector:{title}Connector",
    description="Rows of {label}",
    icon="{name}",
    category="Services",
    docs="https://example.com/{name}",
    version="0.1.0",
    connection_types=("{name}",),
    capabilities=frozenset({{Capability.COLUMN_PROJECTION, Capability.SCHEMA_DISCOVERY}}),
    maturity=Maturity.CONTRACT_TESTED,
    fields=(ConnectionField("host", "Folder", required=True, placeholder="/data/{name}"),),
    source_fields=(NodeField("object", "Name of the object to read", required=True),),
    target_fields=(NodeField("object", "Name of the object to write", required=True),),
)
'''

CONNECTOR = '''\
"""The connector itself: an object is a folder of CSV files. Change each verb to speak with {label}."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.native import NativeConnectorBase, page_of
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, SchemaEntry, SchemaPage, SchemaRequest
from dataflow_provider.errors import AuthorError, Place

from {package}.manifest import MANIFEST


@dataclass(frozen=True)
class {title}Session:
    """What an open connection is held by: put the client of your driver here."""

    connection: ConnectionSpec
    root: Path


class {title}Connector(NativeConnectorBase[{title}Session]):
    """Reads and writes objects of {label}."""

    manifest = MANIFEST

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> {title}Session:
        root = Path(connection.host or "")
        with self.calling(connection):
            os.listdir(root)
        return {title}Session(connection, root)

    def disconnect(self, session: {title}Session) -> None:
        """Close the client here."""

    def test_connection(self, session: {title}Session) -> str:
        with self.calling(session.connection):
            return f"{label} answered: {{len(os.listdir(session.root))}} objects."

    def do_discover_schema(self, session: {title}Session, request: SchemaRequest) -> SchemaPage:
        if request.table is None:
            with self.calling(session.connection):
                names = sorted(one.name for one in session.root.iterdir() if one.is_dir() and one.name[0] != ".")
            return page_of([SchemaEntry("object", name, (name,)) for name in names], request)
        first = next(self.do_extract_data(session, ExtractRequest("discover", {{"object": request.table}})))
        return page_of(
            [SchemaEntry("column", one.name, (request.table, one.name), type=str(one.type)) for one in first.schema],
            request,
        )

    def do_extract_data(self, session: {title}Session, request: ExtractRequest) -> Iterator[Any]:
        folder = session.root / request.options["object"]
        files = sorted(folder.glob("*.csv"))
        if not files:
            raise AuthorError(
                "{code}-001",
                f"connection `{{session.connection.conn_id}}` has no object `{{folder.name}}`",
                place=Place(node=request.node),
            )
        for path in files:
            with self.calling(session.connection):
                table = pyarrow.csv.read_csv(path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
            if request.columns is not None:
                table = table.select(list(request.columns))
            yield pyarrow.RecordBatch.from_pylist([], schema=table.schema)
            yield from table.to_batches(max_chunksize=request.batch_rows)

    def do_load_data(self, session: {title}Session, batches: Iterator[Any], request: LoadRequest) -> int:
        """One file a run, named by the marker: a retry replaces its own file. Nobody sees a half-written one."""
        folder = session.root / request.options["object"]
        name = hashlib.sha256(request.marker.encode()).hexdigest()[:16] + ".csv"
        draft = session.root / f".{{folder.name}}.{{name}}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        rows = 0
        first = next(batches)
        with self.calling(session.connection):
            with pyarrow.csv.CSVWriter(draft / name, first.schema) as writer:
                for batch in (first, *batches):
                    writer.write_batch(batch)
                    rows += batch.num_rows
            folder.mkdir(exist_ok=True)
            os.replace(draft / name, folder / name)
            for other in folder.glob("*.csv") if request.mode == "overwrite" else ():
                if other.name != name:
                    other.unlink()
            draft.rmdir()
        return rows
'''

TEST = '''\
"""The rules of every connector, tried on this one. Give it your service, or a stand-in that speaks its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.testing import ConnectorContract

from {package}.connector import {title}Connector


class Test{title}Connector(ConnectorContract):
    """Every rule that the manifest's operations and capabilities bring along is a test."""

    @pytest.fixture
    def connector(self) -> {title}Connector:
        return {title}Connector()

    @pytest.fixture
    def connection(self, tmp_path: Path) -> ConnectionSpec:
        return ConnectionSpec("{name}_test", "{name}", host=str(tmp_path), password="not-for-logs")

    @pytest.fixture
    def broken_connection(self, tmp_path: Path) -> ConnectionSpec:
        return ConnectionSpec("{name}_broken", "{name}", host=str(tmp_path / "missing"), password="not-for-logs")

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {{"object": "contract"}}
'''

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "0.1.0"
dependencies = ["dataflow-ai"]

# The name is the part of the node types after the dot; the module must not import the driver.
[project.entry-points."dataflow_ai.connectors"]
{name} = "{package}.manifest:MANIFEST"
"""


def scaffold_connector(name: str) -> Mapping[str, str]:
    """Return the files of a connector's package by their paths; `name` must be one (`NAME_PATTERN`)."""
    package = f"{name}_connector"
    words = name.split("_")
    values = {
        "name": name,
        "package": package,
        "distribution": package.replace("_", "-"),
        "label": " ".join(words).title(),
        "title": "".join(word.title() for word in words),
        "code": f"DF-{''.join(words).upper()}",
    }
    texts = {
        "pyproject.toml": PYPROJECT,
        f"{package}/__init__.py": "",
        f"{package}/manifest.py": MANIFEST,
        f"{package}/connector.py": CONNECTOR,
        f"tests/test_{name}_connector.py": TEST,
    }
    return {path: text.format(**values) for path, text in texts.items()}
