"""Rows out of and into PostgreSQL by COPY: exact values, whatever the types; nothing half-loaded when one side dies."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.duckdb import DuckDBConnector
from dataflow_provider.connectors.impl.postgres import PostgresConnector, PostgresSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, DataflowError, InternalError, TerminalError, TransientError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from dataflow_provider.transfer import parts
from dataflow_provider.transfer.handover import FileRows, RelayedRows, Source, hand_over
from dataflow_provider.transfer.parts import Split
from tests.engines.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("engine-postgres")
OPTIONS = SessionOptions(Holder("flights", "load"))
CONNECTOR = PostgresConnector()
TABLE = "own.rows"
ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
COLUMNS = {
    "i": ("smallint", "-32768, 32767"),
    "n": ("numeric(38,10)", "-9999999999999999999999999999.9999999999, 0.0000000001"),
    "r": ("real", "'NaN', '-0'"),
    "f": ("double precision", "'-Infinity', 0.1"),
    "t": ("text", r"E'a\n\\.\n\"b\",\r', ''"),
    "c": ("character(4)", "'ab', ''"),
    "b": ("bytea", r"'\x000a22ff', '\x'"),
    "d": ("date", "'0001-01-01', '9999-12-31'"),
    "m": ("time", "'00:00', '23:59:59.999999'"),
    "s": ("timestamp", "'0001-01-01 00:00:00.000001', '9999-12-31 23:59:59.999999'"),
    "z": ("timestamptz", "'2026-03-29 01:59:59.000001+01', '1969-12-31 23:59:59-05'"),
    "u": ("uuid", f"'{ID}', '{ID}'"),
    "j": ("jsonb", """'{"k": [1.50, null, "é"]}', 'null'"""),
    "o": ("boolean", "true, false"),
}
EXPECTED: dict[str, list[Any]] = {
    "i": [-32768, 32767],
    "n": [Decimal("-9999999999999999999999999999.9999999999"), Decimal("0.0000000001")],
    "f": [float("-inf"), 0.1],
    "t": ['a\n\\.\n"b",\r', ""],
    "c": ["ab  ", "    "],
    "b": [b'\x00\n"\xff', b""],
    "d": [date(1, 1, 1), date(9999, 12, 31)],
    "m": [time(0), time(23, 59, 59, 999999)],
    "s": [datetime(1, 1, 1, 0, 0, 0, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)],
    "z": [datetime(2026, 3, 29, 0, 59, 59, 1, UTC), datetime(1970, 1, 1, 4, 59, 59, tzinfo=UTC)],
    "o": [True, False],
}


@pytest.fixture
def session(postgres_server: PostgresServer) -> Iterator[PostgresSession]:
    with CONNECTOR.open(postgres_server.spec, OPTIONS) as opened:
        opened.execute("DROP SCHEMA IF EXISTS own CASCADE")
        opened.execute("CREATE SCHEMA own")
        yield opened


@pytest.fixture
def other(postgres_server: PostgresServer) -> Iterator[PostgresSession]:
    """A session on another database of the server, under another connection's name."""
    postgres_server.query("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
    postgres_server.query("CREATE DATABASE elsewhere")
    spec = replace(postgres_server.spec, schema="elsewhere", conn_id="pg_elsewhere")
    with CONNECTOR.open(spec, OPTIONS) as opened:
        opened.execute("CREATE SCHEMA own")
        yield opened


@pytest.fixture
def filled(session: PostgresSession) -> PostgresSession:
    """The table has two rows of values and one of NULLs."""
    session.execute(f"CREATE TABLE {TABLE} ({', '.join(f'{name} {kind}' for name, (kind, _) in COLUMNS.items())})")
    for at in (0, 1):
        listed = ", ".join(f"({values_of(values)[at]})::{kind}" for kind, values in COLUMNS.values())
        session.execute(f"INSERT INTO {TABLE} SELECT {listed}")
    session.execute(f"INSERT INTO {TABLE} DEFAULT VALUES")
    return session


def values_of(text: str) -> list[str]:
    first, _, second = text.rpartition(", ")
    return [first, second]


def reopen(server: PostgresServer) -> AbstractContextManager[SqlSession]:
    return CONNECTOR.open(server.spec, replace(OPTIONS, read_only=True))


def source_of(
    session: PostgresSession, server: PostgresServer, table: str, *, same_engine: bool, split: Split | None = None
) -> Source:
    return Source(session, lambda: reopen(server), get_dialect("postgres"), table, same_engine, split)


def moved(source: PostgresSession, table: str, target: PostgresSession, server: PostgresServer, path: Path) -> None:
    rows = hand_over(source_of(source, server, table, same_engine=True), path)
    assert isinstance(rows, RelayedRows)
    rows.put(target, table)


def checked(session: PostgresSession, table: str) -> list[tuple[Any, ...]]:
    """Return the rows as texts, so that what no Python value can tell apart is told apart."""
    return session.fetch_rows(f"SELECT t::text FROM {table} AS t ORDER BY 1")[1]


def test_values_travel_exactly_by_arrow(filled: PostgresSession, tmp_path: Path) -> None:
    filled.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    with pyarrow.memory_map(str(tmp_path / "rows.arrow")) as file:
        rows = pyarrow.ipc.open_stream(file).read_all()
    for name, values in EXPECTED.items():
        assert rows[name].to_pylist() == [*values, None], name
    assert rows["u"].chunk(0).storage.to_pylist() == [ID.bytes, ID.bytes, None]
    assert [str(value) for value in rows["r"].to_pylist()] == ["nan", "-0.0", "None"]
    assert rows["j"].chunk(0).storage.to_pylist() == ['{"k": [1.50, null, "é"]}', "null", None]


def test_values_come_back_exactly_from_arrow(filled: PostgresSession, tmp_path: Path) -> None:
    filled.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    filled.import_rows("own.again", tmp_path / "rows.arrow")
    assert checked(filled, "own.again") == checked(filled, TABLE)


def test_values_come_back_exactly_from_duckdb(filled: PostgresSession, tmp_path: Path) -> None:
    there, back = tmp_path / "there.arrow", tmp_path / "back.arrow"
    filled.export_rows(f"SELECT * FROM {TABLE}", there)
    spec = ConnectionSpec("dwh", "duckdb", str(tmp_path / "dwh.duckdb"))
    with DuckDBConnector().open(spec, replace(OPTIONS, file_roots=(tmp_path,))) as dwh:
        dwh.import_rows('"rows"', there)
        types = dwh.columns_of('"rows"') or {}
        dwh.export_rows('SELECT * FROM "rows"', back)
    assert {types[name] for name in "nzuj"} == {"DECIMAL(38,10)", "TIMESTAMP WITH TIME ZONE", "UUID", "JSON"}
    filled.import_rows("own.again", back)
    assert checked(filled, "own.again") == checked(filled, TABLE)


def test_values_travel_exactly_by_relay(
    filled: PostgresSession, other: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    moved(filled, TABLE, other, postgres_server, tmp_path / "unused")
    assert checked(other, TABLE) == checked(filled, TABLE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("'NaN'::numeric", "numeric"),
        ("(repeat('9', 60) || '.5')::numeric(61,1)", "numeric(61,1)"),
        ("'-infinity'::timestamp", "timestamp without time zone"),
        ("'0044-03-15 BC'::date", "date"),
        ("'24:00:00'::time", "time without time zone"),
    ],
)
def test_value_that_arrow_has_no_room_for_is_relayed(
    session: PostgresSession, other: PostgresSession, postgres_server: PostgresServer,
    value: str, kind: str, tmp_path: Path,
) -> None:  # fmt: skip
    session.execute(f"CREATE TABLE {TABLE} AS SELECT {value} AS v")
    moved(session, TABLE, other, postgres_server, tmp_path)
    assert other.columns_of(TABLE) == {"v": kind}
    assert checked(other, TABLE) == checked(session, TABLE)
    with pytest.raises(TerminalError, match=r"DF-RUN-024.*`v`") as caught:
        session.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    assert "999" not in str(caught.value)


def test_type_by_which_a_column_leaves_is_foretold_where_no_value_decides_it(
    session: PostgresSession, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT 1.25::numeric AS free, 1.5::numeric(9,3) AS told, 1::bigint AS i")
    kinds = session.columns_of(TABLE) or {}
    session.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    with pyarrow.memory_map(str(tmp_path / "rows.arrow")) as file:
        left = {one.name: one.type for one in pyarrow.ipc.open_stream(file).schema}
    foretold = {name: session.arrow_type(name, kind) for name, kind in kinds.items()}
    assert left["free"] == pyarrow.decimal128(38, 2)
    assert foretold == {**left, "free": None}


def test_relay_gives_the_columns_that_arrow_gives(
    session: PostgresSession, other: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    session.execute("CREATE TYPE own.mood AS ENUM ('fine')")
    session.execute("CREATE DOMAIN own.code AS varchar(5)")
    session.execute(
        f"CREATE TABLE {TABLE} (a varchar(5), b char(3), c json, d int[], e interval, f inet, g numeric(10,2), "
        "h own.mood, i own.code, j money, k timestamptz(3), l name, m timetz)"
    )
    session.execute(
        f"""INSERT INTO {TABLE} VALUES ('a', 'b', '{{"k":1}}', '{{1,NULL}}', '1 day', '10.0.0.1', 1.5, 'fine', 'x', """
        "'12.50', '2026-01-01 00:00:00.1234+00', 'n', '10:00+02')"
    )
    moved(session, TABLE, other, postgres_server, tmp_path)
    session.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    other.import_rows("own.by_arrow", tmp_path / "rows.arrow")
    assert checked(other, TABLE) == checked(other, "own.by_arrow")
    relayed, by_arrow = other.columns_of(TABLE) or {}, other.columns_of("own.by_arrow") or {}
    assert {**relayed, "k": "timestamp with time zone"} == by_arrow


@pytest.mark.parametrize("column", ["NULL::text", "''::text", r"'\.'::text", "NULL::int"])
def test_rows_of_one_column_are_all_there(session: PostgresSession, column: str, tmp_path: Path) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT {column} AS v FROM generate_series(1, 3)")
    session.export_rows(f"SELECT * FROM {TABLE}", tmp_path / "rows.arrow")
    session.import_rows("own.again", tmp_path / "rows.arrow")
    assert checked(session, "own.again") == checked(session, TABLE)


def test_floats_keep_every_digit_where_the_role_asks_for_fewer(session: PostgresSession, tmp_path: Path) -> None:
    session.execute("ALTER ROLE postgres SET extra_float_digits = -5")
    try:
        with CONNECTOR.open(session._connection, OPTIONS) as later:
            later.export_rows("SELECT 0.1234567890123456::float8 AS v", tmp_path / "rows.arrow")
    finally:
        session.execute("ALTER ROLE postgres RESET extra_float_digits")
    with pyarrow.memory_map(str(tmp_path / "rows.arrow")) as file:
        assert pyarrow.ipc.open_stream(file).read_all()["v"].to_pylist() == [0.1234567890123456]


# ---------------------------------------------------------------- one side dies


def end_backend(server: PostgresServer, word: str) -> None:
    """The server ends the connection whose statement holds the word."""
    others = f"SELECT pid FROM pg_stat_activity WHERE query LIKE '%{word}%' AND pid <> pg_backend_pid()"
    ended = server.query(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS found")
    assert ended == [(True,)], word


def killing_after(
    blocks: Generator[bytes | bytearray, None, None], at: int, server: PostgresServer, word: str
) -> Generator[bytes | bytearray, None, None]:
    with closing(blocks):
        for number, block in enumerate(blocks):
            if number == at:
                end_backend(server, word)
            yield block


@pytest.mark.parametrize(
    ("word", "conn_id"),
    [("COPY (SELECT", "pg_test"), ("COPY own.rows FROM", "pg_elsewhere")],
)
def test_relay_that_loses_a_side_leaves_the_old_rows_and_goes_well_again(
    session: PostgresSession, other: PostgresSession, postgres_server: PostgresServer,
    word: str, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    session.execute(f"CREATE TABLE {TABLE} AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 60000) AS n")
    other.execute(f"CREATE TABLE {TABLE} AS SELECT 1 AS old")
    relayed = PostgresSession.relay_out
    with monkeypatch.context() as patched:
        patched.setattr(
            PostgresSession,
            "relay_out",
            lambda self, sql: killing_after(relayed(self, sql), 20, postgres_server, word),
        )
        with pytest.raises(TransientError, match=rf"DF-RUN-022.*`{conn_id}`"):
            moved(session, TABLE, other, postgres_server, tmp_path)
    assert postgres_server.with_schema("elsewhere").query(f"SELECT * FROM {TABLE}") == [(1,)]
    with CONNECTOR.open(other._connection, OPTIONS) as again:
        moved(session, TABLE, again, postgres_server, tmp_path)
        assert again.fetch_rows(f"SELECT count(*), sum(n) FROM {TABLE}")[1] == [(60000, 1800030000)]


def test_reader_that_dies_leaves_its_error_and_no_table(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    dying = "CASE WHEN n = 90000 THEN pg_terminate_backend(pg_backend_pid()) END"
    slow = f"SELECT n, {dying} AS ended FROM generate_series(1, 99999) AS n"
    with (
        CONNECTOR.open(postgres_server.spec, OPTIONS) as opened,
        pytest.raises(DataflowError, match=r"DF-RUN-022.*pg_test"),
    ):
        opened.export_rows(slow, tmp_path / "rows.arrow")


def test_target_that_refuses_a_row_keeps_what_it_had(session: PostgresSession, tmp_path: Path) -> None:
    """A text with the character 0, which no text of PostgreSQL can hold, comes late in the file."""
    session.execute(f"CREATE TABLE {TABLE} AS SELECT 1 AS old")
    path = tmp_path / "rows.arrow"
    with pyarrow.OSFile(str(path), "wb") as file:
        table = pyarrow.table({"t": ["fine"] * 120_000 + ["secret\0value"]})
        with pyarrow.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    with pytest.raises(DataflowError) as caught:
        session.import_rows(TABLE, path)
    assert "secret" not in str(caught.value)
    assert session.fetch_rows(f"SELECT * FROM {TABLE}")[1] == [(1,)]


def test_rows_for_another_engine_go_by_a_file(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT 1 AS v")
    source = source_of(session, postgres_server, TABLE, same_engine=False)
    assert isinstance(hand_over(source, tmp_path / "rows.arrow"), FileRows)
    assert (tmp_path / "rows.arrow").exists()


# ---------------------------------------------------------------- in parts


def in_parts(session: PostgresSession, server: PostgresServer, column: str, path: Path) -> list[dict[str, Any]]:
    """Read the table in three parts; return its rows."""
    split = Split("rows", column, 3)
    rows = hand_over(source_of(session, server, TABLE, same_engine=False, split=split), path)
    assert isinstance(rows, FileRows)
    with pyarrow.memory_map(str(path)) as file:
        found: list[dict[str, Any]] = pyarrow.ipc.open_stream(file).read_all().to_pylist()
    return found


@pytest.mark.parametrize("column", ["n", "day", "moment", "share"])
def test_parts_together_hold_every_row_once(
    session: PostgresSession, postgres_server: PostgresServer, column: str, tmp_path: Path
) -> None:
    session.execute(
        f"CREATE TABLE {TABLE} AS SELECT n, date '2026-01-01' + n AS day, timestamp '2026-01-01' + n * interval '1 h' "
        "AS moment, n / 7.0 AS share FROM generate_series(-500, 500) AS n"
    )
    session.execute(f"INSERT INTO {TABLE} SELECT NULL, NULL, NULL, NULL FROM generate_series(1, 3)")
    found = in_parts(session, postgres_server, column, tmp_path / "rows.arrow")
    assert sorted(row["n"] for row in found if row["n"] is not None) == list(range(-500, 501))
    assert sum(row["n"] is None for row in found) == 3
    assert [one.name for one in tmp_path.iterdir()] == ["rows.arrow"]


def test_parts_whose_numbers_were_measured_apart_keep_the_widest_scale(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM (VALUES (1, 1.5), (5, 2.25), (9, 3)) AS t(n, amount)")
    found = in_parts(session, postgres_server, "n", tmp_path / "rows.arrow")
    assert [row["amount"] for row in found] == [Decimal("1.50"), Decimal("2.25"), Decimal("3.00")]


def test_column_without_ranges_is_refused_and_one_that_is_not_there_is_no_reason_to_fail(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM (VALUES (1, true), (2, false)) AS t(n, kind)")
    with pytest.raises(AuthorError, match=r"DF-CONN-018.*`kind`"):
        in_parts(session, postgres_server, "kind", tmp_path / "rows.arrow")
    assert len(in_parts(session, postgres_server, "gone", tmp_path / "rows.arrow")) == 2


def test_part_that_loses_its_server_is_read_again_and_the_others_are_not(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT n FROM generate_series(1, 300) AS n")
    monkeypatch.setattr(parts, "PAUSE_S", 0)
    read: list[str] = []
    exported_rows = PostgresSession.export_rows

    def export(self: PostgresSession, sql: str, path: Path) -> None:
        part = path.name.split(".")[1]
        read.append(part)
        if part == "1" and read.count(part) == 1:
            postgres_server.query(f"SELECT pg_terminate_backend({self._raw.info.backend_pid})")
        exported_rows(self, sql, path)

    monkeypatch.setattr(PostgresSession, "export_rows", export)
    found = in_parts(session, postgres_server, "n", tmp_path / "rows.arrow")
    assert sorted(row["n"] for row in found) == list(range(1, 301))
    assert sorted(read) == ["0", "1", "1", "2"]


def test_part_that_is_lost_again_and_again_fails_with_its_connection(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT n FROM generate_series(1, 300) AS n")
    monkeypatch.setattr(parts, "PAUSE_S", 0)

    def export(self: PostgresSession, sql: str, path: Path) -> None:
        postgres_server.query(f"SELECT pg_terminate_backend({self._raw.info.backend_pid})")
        self.execute("SELECT 1")

    monkeypatch.setattr(PostgresSession, "export_rows", export)
    with pytest.raises(TransientError, match=r"DF-RUN-022.*`pg_test`"):
        in_parts(session, postgres_server, "n", tmp_path / "rows.arrow")


def test_pipeline_relays_to_postgres_and_reads_parts_for_duckdb(
    filled: PostgresSession, other: PostgresSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    specs = {
        "pg_test": filled._connection,
        "pg_elsewhere": other._connection,
        "dwh": ConnectionSpec("dwh", "duckdb", str(tmp_path / "dwh.duckdb")),
    }
    written = {"from": "rows", "table": "own.rows", "write": {"mode": "overwrite"}, "create": {"if_missing": True}}
    nodes = {
        "rows": {
            "type": "source.postgres", "connection": "pg_test", "table": TABLE,
            "partition": {"column": "i", "count": 2},
        },
        "to_postgres": {"type": "target.postgres", "connection": "pg_elsewhere", **written},
        "to_duckdb": {"type": "target.duckdb", "connection": "dwh", **written},
    }  # fmt: skip
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "moving", "nodes": nodes}
    with caplog.at_level(logging.INFO):
        result = run_pipeline(
            plan_pipeline(Pipeline.model_validate(document)),
            RunValues("manual__moving"),
            Connected(specs),
            Project(tmp_path, "default", (tmp_path,), tmp_path / "unused.duckdb"),
        )
    assert result.errors == {}
    assert checked(other, TABLE) == checked(filled, TABLE)
    with DuckDBConnector().open(specs["dwh"], replace(OPTIONS, file_roots=(tmp_path,))) as dwh:
        assert dwh.fetch_rows('SELECT i FROM own."rows" ORDER BY i')[1] == [(-32768,), (32767,), (None,)]
    assert re.search(r"reading table=\S+ column=i parts=2", caplog.text)
    assert re.search(r"relayed table=\S+ rows=3 rows_per_second=\d+ bytes=\d+", caplog.text)
    ended = result.to_json()
    moved = [one for stage in ended["stages"] for one in stage.get("transfers", ())]
    assert sorted((one["node"], one["from"], one["to"], one["rows"]) for one in moved) == [
        ("rows", "pg_test", "dwh", 3), ("rows", "pg_test", "pg_elsewhere", 3)
    ]  # fmt: skip
    taken = {one["to"]: one["bytes"] for one in moved}
    found = {node["id"]: node["bytes"] for node in ended["nodes"]}
    assert found == {"rows": None, "to_postgres": taken["pg_elsewhere"], "to_duckdb": taken["dwh"]}
    assert min(taken.values()) > 100


def test_rows_that_get_lost_on_the_way_are_missed(
    session: PostgresSession, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT generate_series(1, 3) AS n")
    whole = PostgresSession.export_rows
    monkeypatch.setattr(PostgresSession, "export_rows", lambda self, sql, path: whole(self, f"{sql} LIMIT 2", path))
    with pytest.raises(InternalError, match=r"DF-RUN-028.*2 rows.*3 stand"):
        hand_over(source_of(session, postgres_server, TABLE, same_engine=False), tmp_path / "rows.arrow")


@dataclass(frozen=True)
class Connected:
    """The connections of a test, by their ids."""

    specs: Mapping[str, ConnectionSpec]

    def get(self, conn_id: str) -> ConnectionSpec:
        return self.specs[conn_id]
