"""Every kind of value from each live engine to each other: it arrives as it was or is refused by a code, never changed.

The tables in docs/transfer.md are what this test finds; `pytest --update-golden` writes them anew.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.arrow_rows import incoming_columns
from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.parquet_rows import plain_batches
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.project import Project
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("engines-all")
PAGE = Path(__file__).parents[2] / "docs" / "transfer.md"
ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "mysql": "MariaDB", "sqlite": "SQLite"}
FILES = {"parquet": "Parquet", "csv": "CSV", "json": "JSON lines"}
OF_FILES = ("duckdb", "postgres")
"""The engines whose values go into files too; those of the others are among them."""
ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
BYTES = b"\x00\xff\\'"
MOMENT = datetime(2026, 3, 29, 1, 59, 59, 999999)

# kind of value -> what it is, and SQL that makes it on each engine that can hold it
KINDS: dict[str, tuple[Any, dict[str, str]]] = {
    "decimal of 38 digits, 10 of them behind the point": (
        Decimal("-1234567890123456789012345678.0000000001"),
        dict.fromkeys(
            ("duckdb", "postgres", "mysql"), "CAST('-1234567890123456789012345678.0000000001' AS DECIMAL(38,10))"
        ),
    ),
    "`numeric` without a precision": (Decimal("12345.678901"), {"postgres": "CAST('12345.678901' AS NUMERIC)"}),
    "decimal of 45 digits": (
        Decimal("9" * 45),
        {"postgres": f"CAST('{'9' * 45}' AS NUMERIC)", "mysql": f"CAST('{'9' * 45}' AS DECIMAL(45,0))"},
    ),
    "whole number above 64 bits": (
        2**64,
        {
            "duckdb": f"CAST('{2**64}' AS HUGEINT)",
            "postgres": f"CAST('{2**64}' AS NUMERIC(20,0))",
            "mysql": f"CAST('{2**64}' AS DECIMAL(20,0))",
        },
    ),
    "unsigned number of 64 bits": (
        2**64 - 1,
        {"duckdb": f"CAST('{2**64 - 1}' AS UBIGINT)", "mysql": f"CAST('{2**64 - 1}' AS UNSIGNED)"},
    ),
    "lowest `bigint`": (
        -(2**63),
        {
            "duckdb": f"CAST('{-(2**63)}' AS BIGINT)",
            "postgres": f"CAST('{-(2**63)}' AS BIGINT)",
            "mysql": f"CAST('{-(2**63)}' AS SIGNED)",
            "sqlite": f"CAST('{-(2**63)}' AS INTEGER)",
        },
    ),
    "double": (
        0.1,
        {
            "duckdb": "CAST(0.1 AS DOUBLE)",
            "postgres": "CAST(0.1 AS FLOAT8)",
            "mysql": "CAST(0.1 AS DOUBLE)",
            "sqlite": "0.1",
        },
    ),
    "NaN": (math.nan, {"duckdb": "CAST('NaN' AS DOUBLE)", "postgres": "CAST('NaN' AS FLOAT8)"}),
    "infinity": (
        math.inf,
        {"duckdb": "CAST('Infinity' AS DOUBLE)", "postgres": "CAST('Infinity' AS FLOAT8)", "sqlite": "9e999"},
    ),
    "boolean": (True, {"duckdb": "TRUE", "postgres": "TRUE"}),
    "NULL": (
        None,
        {
            "duckdb": "CAST(NULL AS INTEGER)",
            "postgres": "CAST(NULL AS INTEGER)",
            "mysql": "CAST(NULL AS SIGNED)",
            "sqlite": "NULL",
        },
    ),
    "empty text": ("", dict.fromkeys(ENGINES, "''")),
    "text of four-byte letters": ("\U0001f600 é", dict.fromkeys(ENGINES, "'\U0001f600 é'")),
    "text with a NUL": (
        "a\x00b",
        {
            "duckdb": "'a' || chr(0) || 'b'",
            "mysql": "CONCAT('a', CHAR(0 USING utf8mb4), 'b')",
            "sqlite": "'a' || char(0) || 'b'",
        },
    ),
    "bytes": (
        BYTES,
        {
            "duckdb": f"unhex('{BYTES.hex()}')",
            "postgres": f"decode('{BYTES.hex()}', 'hex')",
            "mysql": f"X'{BYTES.hex()}'",
            "sqlite": f"X'{BYTES.hex()}'",
        },
    ),
    "timestamp with microseconds": (
        MOMENT,
        {
            "duckdb": f"TIMESTAMP '{MOMENT}'",
            "postgres": f"TIMESTAMP '{MOMENT}'",
            "mysql": f"CAST('{MOMENT}' AS DATETIME(6))",
        },
    ),
    "timestamp with a zone": (
        MOMENT.replace(tzinfo=UTC),
        {"duckdb": f"TIMESTAMPTZ '{MOMENT}+00'", "postgres": f"TIMESTAMPTZ '{MOMENT}+00'"},
    ),
    "timestamp with nanoseconds": (None, {"duckdb": "CAST('2026-01-01 00:00:00.000000001' AS TIMESTAMP_NS)"}),
    "first day": (
        date(1, 1, 1),
        {"duckdb": "DATE '0001-01-01'", "postgres": "DATE '0001-01-01'", "mysql": "CAST('0001-01-01' AS DATE)"},
    ),
    "last day": (
        date(9999, 12, 31),
        {"duckdb": "DATE '9999-12-31'", "postgres": "DATE '9999-12-31'", "mysql": "CAST('9999-12-31' AS DATE)"},
    ),
    "day before Christ": (None, {"duckdb": "DATE '0044-03-15 (BC)'", "postgres": "DATE '0044-03-15 BC'"}),
    "infinite day": (None, {"duckdb": "DATE 'infinity'", "postgres": "DATE 'infinity'"}),
    "time of day": (
        time(23, 59, 59, 999999),
        {
            "duckdb": "TIME '23:59:59.999999'",
            "postgres": "TIME '23:59:59.999999'",
            "mysql": "CAST('23:59:59.999999' AS TIME(6))",
        },
    ),
    "JSON": (
        {"k": [1.5, None, "é"]},
        {
            "duckdb": """CAST('{"k": [1.5, null, "é"]}' AS JSON)""",
            "postgres": """CAST('{"k": [1.5, null, "é"]}' AS JSONB)""",
        },
    ),
    "UUID": (ID, {"duckdb": f"CAST('{ID}' AS UUID)", "postgres": f"CAST('{ID}' AS UUID)"}),
    "array": ([1, 2], {"duckdb": "[1, 2]", "postgres": "ARRAY[1, 2]"}),
    "interval": (None, {"duckdb": "INTERVAL 1 DAY", "postgres": "INTERVAL '1 day'"}),
}


@pytest.fixture
def sessions(
    postgres_server: PostgresServer, mariadb_server: MariaDBServer, tmp_path: Path
) -> Iterator[dict[str, SqlSession]]:
    mariadb_server.query("SET GLOBAL local_infile = ON")
    specs = {
        "duckdb": ConnectionSpec("duckdb", "duckdb", str(tmp_path / "m.duckdb")),
        "sqlite": ConnectionSpec("sqlite", "sqlite", str(tmp_path / "m.sqlite")),
        "postgres": postgres_server.spec,
        "mysql": mariadb_server.spec,
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(get_connector(name).open(spec, SessionOptions(Holder("t", "t"))))
            for name, spec in specs.items()
        }
    for server in (postgres_server, mariadb_server):
        for number in range(len(KINDS)):
            for name in ENGINES:
                server.query(f"DROP TABLE IF EXISTS matrix_{number}_{name}")


def others_of(source: str) -> list[str]:
    return [name for name in ENGINES if name != source] + (list(FILES) if source in OF_FILES else [])


def outcome(kind: str, source: str, sessions: dict[str, SqlSession], folder: Path) -> dict[str, str]:
    """Return what becomes of a value on each other engine: `exact`, `as …`, or the code of a refusal."""
    expected, made = KINDS[kind]
    path, others = folder / "one.arrow", others_of(source)
    query = f"SELECT {made[source]} AS {get_dialect(source).publish.quote('v')}"
    try:
        sessions[source].export_rows(query, path)
    except DataflowError as error:
        return dict.fromkeys(others, error.code)
    found = {}
    for name in (one for one in others if one in FILES):
        try:
            # What a text file has no word for is no secret: the page shows what becomes of it.
            found[name] = judged(expected, by_file(path, name, folder)).replace("changed to", "as")
        except DataflowError as error:
            found[name] = error.code
    for name in (one for one in others if one in ENGINES):
        # A table of its own for each: PostgreSQL keeps the plan of a query that it has seen.
        table = get_dialect(name).publish.quote(f"matrix_{list(KINDS).index(kind)}_{source}")
        try:
            sessions[name].import_rows(table, path)
        except DataflowError as error:
            found[name] = error.code
            continue
        found[name] = judged(expected, told(sessions[name], table))
    return found


def by_file(path: Path, kind: str, folder: Path) -> Any:
    """Return the value as a file target writes it and a file source reads it, without a schema."""
    connector, file = FileConnector(), folder / f"one.{kind}"
    project = Project(folder, "w", (folder,), folder / "w.duckdb")
    options = {"path": str(file), "format": kind}
    file.unlink(missing_ok=True)
    with connector.open(ConnectionSpec("", "file"), session_options(project)) as session:
        rows = plain_batches(path, incoming_columns(path))
        connector.load_data(session, rows, LoadRequest("n", options, "overwrite", "r1", project=project))
        request = ExtractRequest("n", options, project=project)
        value = next(batch.column("v")[0] for batch in connector.extract_data(session, request) if batch.num_rows)
    try:
        return value.as_py()
    except OverflowError:  # Python knows no day before Christ.
        return value.cast(pyarrow.string()).as_py()


def told(session: SqlSession, table: str) -> Any:
    """Return the value of the table's one row; as a text where the driver's language has no value for it."""
    try:
        return session.fetch_rows(f"SELECT * FROM {table}")[1][0][0]
    except DataflowError:
        return session.fetch_rows(f"SELECT CAST(v AS CHAR(20)) FROM {table}")[1][0][0].strip()


def judged(expected: Any, answer: Any) -> str:
    if expected is None and answer is not None:
        return f"as `{answer}`"
    if plain(answer, expected) == plain(expected, expected):
        return "exact" if not (isinstance(answer, str) and not isinstance(expected, str)) else "as text"
    return f"changed to `{answer!r}`"


def plain(value: Any, like: Any) -> Any:
    """Return what drivers tell in different ways as one value of the kind that is looked for."""
    if value is None:
        return None
    if isinstance(like, float):
        return "NaN" if math.isnan(float(value)) else float(value)
    if isinstance(like, bool):
        return value in (True, "true")
    if isinstance(like, Decimal | int):
        return Decimal(repr(value) if isinstance(value, float) else value)
    if isinstance(like, datetime):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if isinstance(like, time):
        if isinstance(value, timedelta):
            return (datetime(1, 1, 1) + value).time()
        return time.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(like, date):
        return date.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(like, dict | list):
        text = value.replace("{", "[").replace("}", "]") if isinstance(value, str) and isinstance(like, list) else value
        return json.loads(text) if isinstance(text, str) else value
    return plain_bytes(value, like)


def plain_bytes(value: Any, like: Any) -> Any:
    """Return bytes, and a UUID that is told as bytes; all else as a text."""
    if isinstance(like, bytes):
        return value if isinstance(value, str) else bytes(value)
    return str(uuid.UUID(bytes=value)) if isinstance(like, uuid.UUID) and isinstance(value, bytes) else str(value)


def tables(found: dict[str, dict[str, dict[str, str]]]) -> str:
    """Return a table a source, as the page shows them."""
    parts = []
    for source, label in ENGINES.items():
        labels, others = ENGINES | FILES, others_of(source)
        lines = [f"| from {label} | " + " | ".join(labels[name] for name in others) + " |"]
        lines.append("| --- |" + " --- |" * len(others))
        lines += [
            f"| {kind} | " + " | ".join(cells[name] for name in others) + " |" for kind, cells in found[source].items()
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def test_every_kind_of_value_arrives_or_is_refused(
    sessions: dict[str, SqlSession], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = {
        source: {kind: outcome(kind, source, sessions, tmp_path) for kind, (_, made) in KINDS.items() if source in made}
        for source in ENGINES
    }
    changed = {
        (source, kind): cells
        for source, kinds in found.items()
        for kind, cells in kinds.items()
        if any(cell.startswith("changed") for cell in cells.values())
    }
    assert changed == {}
    head, mark, rest = PAGE.read_text().partition("<!-- what the test finds -->\n")
    assert mark, "the page has lost its mark"
    _, end, tail = rest.partition("<!-- until here -->")
    page = f"{head}{mark}\n{tables(found)}\n\n{end}{tail}"
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page
