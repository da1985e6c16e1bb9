"""Rows into MariaDB by LOAD DATA LOCAL: exact values or a failure, whatever LOCAL would only warn of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.impl.mysql import MySqlConnector, MySqlSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, TerminalError
from tests.engines.mariadb import MariaDBServer

pytestmark = pytest.mark.xdist_group("engine-mysql")
OPTIONS = SessionOptions(Holder("flights", "load"))
TABLE = "`own`.`to \\ load 's`"
COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "t": (pyarrow.string(), ["", "\\N", "a\tb\nc\r\\d\\", "NULL", "naïve 日本 😀", "'\"`,;", "nul \x00 end", "\\"]),
    "b": (pyarrow.binary(), [b"", b"\\N", bytes(range(256)), b"\n\t\\", b"NULL", b"\x00", b"'", b"\xff\xfe"]),
    "n": (pyarrow.decimal128(38, 10), [Decimal(text) for text in (
        "0E-10", "1E-10", "-1E-10", "9999999999999999999999999999.9999999999", "-0.5", "1", "12.3400000000", "-9"
    )]),
    "f": (pyarrow.float64(), [0.1, 1e300, -1e-300, 2.0**-1074, 1.7976931348623157e308, 0.0, 123456789.123456789, -1.0]),
    "i": (pyarrow.int64(), [2**63 - 1, -(2**63), 0, 1, -1, 2, 3, 4]),
    "u": (pyarrow.uint64(), [2**64 - 1, 0, 1, 2, 3, 4, 5, 6]),
    "o": (pyarrow.bool_(), [True, False] * 4),
    "d": (pyarrow.date32(), [date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1), *[date(2024, 2, 29)] * 5]),
    "m": (pyarrow.time64("us"), [time(0), time(23, 59, 59, 999999), time(1, 2, 3, 4), *[time(5)] * 5]),
    "s": (pyarrow.timestamp("us"), [
        datetime(1, 1, 1, 0, 0, 0, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), *[datetime(1969, 12, 31, 2)] * 6,
    ]),
    "z": (pyarrow.timestamp("us", "Europe/Warsaw"), [datetime(2026, 3, 29, 0, 59, 59, 1, UTC)] * 8),
}  # fmt: skip


@pytest.fixture
def session(mariadb_server: MariaDBServer) -> Iterator[MySqlSession]:
    mariadb_server.query("SET GLOBAL local_infile = ON")
    mariadb_server.query("DROP DATABASE IF EXISTS own")
    mariadb_server.query("CREATE DATABASE own CHARACTER SET utf8mb4")
    with opened(mariadb_server) as found:
        yield found
    mariadb_server.query("SET GLOBAL local_infile = ON")


def opened(server: MariaDBServer, batch_size: int | None = None) -> Any:
    spec = replace(server.spec, extra={"local_infile": True})
    return MySqlConnector().open(spec, replace(OPTIONS, batch_size=batch_size))


def written(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "rows.arrow"
    table = pyarrow.table(columns)
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=5)
    return path


def every_value(folder: Path) -> Path:
    """A row of each value and, in the middle, one of NULLs."""
    return written(
        folder,
        {name: pyarrow.array([*values[:4], None, *values[4:]], kind) for name, (kind, values) in COLUMNS.items()},
    )


def loads(server: MariaDBServer) -> int:
    return int(server.query("SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])


@pytest.mark.parametrize("batch_size", [None, 2])
def test_values_stay_exact(
    session: MySqlSession, mariadb_server: MariaDBServer, tmp_path: Path, batch_size: int | None
) -> None:
    path, before = every_value(tmp_path), loads(mariadb_server)
    with opened(mariadb_server, batch_size) as loading:
        loading.import_rows(TABLE, path)
    assert loads(mariadb_server) - before == (2 if batch_size is None else 5)
    with pyarrow.memory_map(str(path)) as file:
        given = pyarrow.ipc.open_stream(file).read_all().to_pydict()
    names, rows = session.fetch_rows(f"SELECT * FROM {TABLE}")
    for at, name in enumerate(names):
        assert [plain(name, row[at]) for row in rows] == [plain(name, value) for value in given[name]], name


def plain(name: str, value: Any) -> Any:
    """Return what the driver and Arrow tell alike: a time as seconds, a moment without a zone, a bool as a number."""
    if name == "m" and isinstance(value, time):
        return (datetime.combine(date(1, 1, 1), value) - datetime(1, 1, 1)).total_seconds()
    if name == "m" and value is not None:
        return value.total_seconds()
    return value.astimezone(UTC).replace(tzinfo=None) if name == "z" and value and value.tzinfo else value


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [("nan", pyarrow.float64(), float("nan")), ("endless", pyarrow.float64(), float("inf")),
     ("fine", pyarrow.timestamp("ns"), 1)],
)  # fmt: skip
def test_value_that_does_not_fit_fails_by_name(
    session: MySqlSession, tmp_path: Path, name: str, kind: Any, value: Any
) -> None:
    session.execute(f"CREATE TABLE {TABLE} AS SELECT 7 AS kept")
    with pytest.raises(TerminalError, match=f"DF-RUN-024.*`{name}`"):
        session.import_rows(TABLE, written(tmp_path, {name: pyarrow.array([None, value], kind)}))


def test_server_that_forbids_it_takes_inserts_and_the_log_says_so(
    session: MySqlSession, mariadb_server: MariaDBServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mariadb_server.query("SET GLOBAL local_infile = OFF")
    with opened(mariadb_server) as loading, caplog.at_level(logging.WARNING):
        loading.import_rows(TABLE, every_value(tmp_path))
    assert "forbids LOAD DATA LOCAL" in caplog.text
    assert session.fetch_number(f"SELECT COUNT(*) FROM {TABLE}") == 9


def test_server_that_forbids_it_on_the_way_has_every_row_once(
    session: MySqlSession, mariadb_server: MariaDBServer, tmp_path: Path
) -> None:
    before = loads(mariadb_server)
    with opened(mariadb_server, batch_size=2) as loading:
        loading.watch(lambda rows: mariadb_server.query("SET GLOBAL local_infile = OFF"))
        loading.import_rows(TABLE, every_value(tmp_path))
    assert loads(mariadb_server) > before
    assert session.fetch_number(f"SELECT COUNT(*) FROM {TABLE}") == 9


def test_connection_that_does_not_ask_for_it_takes_inserts(
    session: MySqlSession, mariadb_server: MariaDBServer, tmp_path: Path
) -> None:
    before = loads(mariadb_server)
    with MySqlConnector().open(mariadb_server.spec, OPTIONS) as plainly:
        plainly.import_rows(TABLE, every_value(tmp_path))
    assert loads(mariadb_server) == before
    assert session.fetch_number(f"SELECT COUNT(*) FROM {TABLE}") == 9


def test_author_cannot_load_a_file_of_the_worker(session: MySqlSession, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n")
    session.execute(f"CREATE TABLE {TABLE} (t TEXT)")
    with pytest.raises(AuthorError, match="DF-RUN-030"):
        session.execute_author_sql(f"LOAD DATA LOCAL INFILE '{tmp_path}/secret' INTO TABLE {TABLE}")
    assert session.fetch_number(f"SELECT COUNT(*) FROM {TABLE}") == 0


def test_word_that_says_neither_is_refused(mariadb_server: MariaDBServer) -> None:
    with (
        pytest.raises(AuthorError, match=r"DF-CONN-015.*local_infile"),
        closing(MySqlConnector().connect(replace(mariadb_server.spec, extra={"local_infile": "perhaps"}), OPTIONS)),
    ):
        pass
