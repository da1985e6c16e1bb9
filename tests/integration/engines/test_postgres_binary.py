"""Rows into PostgreSQL in its binary form: what went in by it comes out as text, the same to the last digit."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.arrow_rows import incoming_columns
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.impl.postgres import PostgresConnector, PostgresSession
from dataflow_provider.connectors.impl.postgres_binary import BLOCK_BYTES, copy_blocks
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import TerminalError
from tests.engines.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("engine-postgres")
TABLE = "binary_rows"
ROWS = 300
FIRST = datetime(1, 1, 1)
SECONDS = int((datetime(9999, 12, 31) - FIRST).total_seconds())


@pytest.fixture
def session(postgres_server: PostgresServer) -> Iterator[PostgresSession]:
    with PostgresConnector().open(postgres_server.spec, SessionOptions(Holder("p", "s"), batch_size=7)) as opened:
        yield opened
        opened.execute(f"DROP TABLE IF EXISTS {TABLE}")


def written(table: Any, path: Path) -> Path:
    """Return a file of batches that begin anywhere in their memory, as a slice does."""
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        for start in range(0, len(table), 100):
            writer.write_table(table.slice(start, 100))
    return path


def read_back(session: PostgresSession, table: Any, folder: Path) -> Any:
    session.import_rows(TABLE, written(table, folder / "in.arrow"))
    session.export_rows(f"SELECT * FROM {TABLE}", folder / "out.arrow")
    with pyarrow.memory_map(str(folder / "out.arrow")) as file:
        return pyarrow.ipc.open_stream(file).read_all()


def column(dice: random.Random, kind: Any, value: Any) -> Any:
    return pyarrow.array([None if dice.random() < 0.2 else value() for _ in range(ROWS)], kind)


def test_decimals_of_every_size_arrive(session: PostgresSession, tmp_path: Path) -> None:
    dice = random.Random(7)
    columns = {}
    for precision in range(1, 39):
        for scale in {0, 1, precision // 2, precision - 1, precision}:
            if scale <= precision:
                largest = 10**precision - 1
                edges = [largest, -largest, 0, 1, -1]

                def value(edges: Any = edges, largest: int = largest, scale: int = scale) -> Decimal:
                    digits = dice.choice([*edges, dice.randint(-largest, largest), dice.randint(-10_001, 10_001)])
                    return Decimal(f"{max(-largest, min(digits, largest))}E-{scale}")

                columns[f"p{precision}s{scale}"] = column(dice, pyarrow.decimal128(precision, scale), value)
    table = pyarrow.table(columns)
    assert read_back(session, table, tmp_path).equals(table)


def test_other_values_arrive(session: PostgresSession, tmp_path: Path) -> None:
    dice = random.Random(11)

    def moment() -> datetime:
        return FIRST + timedelta(seconds=dice.randint(0, SECONDS), microseconds=dice.randint(0, 999_999))

    text = "aé\n\t\\\"',\U0001f600 "
    table = pyarrow.table(
        {
            "ok": column(dice, pyarrow.bool_(), lambda: dice.random() < 0.5),
            "i": column(dice, pyarrow.int16(), lambda: dice.randint(-(2**15), 2**15 - 1)),
            "n": column(dice, pyarrow.int32(), lambda: dice.randint(-(2**31), 2**31 - 1)),
            "b": column(dice, pyarrow.int64(), lambda: dice.randint(-(2**63), 2**63 - 1)),
            "r": column(dice, pyarrow.float32(), lambda: dice.choice([0.5, float("inf"), -2.25, 1e-45])),
            "f": column(dice, pyarrow.float64(), lambda: dice.choice([dice.random(), float("-inf"), 5e-324])),
            "t": column(dice, pyarrow.string(), lambda: "".join(dice.choices(text, k=dice.randint(0, 20)))),
            "x": column(dice, pyarrow.binary(), lambda: dice.randbytes(dice.randint(0, 9))),
            "d": column(dice, pyarrow.date32(), lambda: moment().date()),
            "m": column(dice, pyarrow.time64("us"), lambda: moment().time()),
            "s": column(dice, pyarrow.timestamp("us"), moment),
            "z": column(dice, pyarrow.timestamp("us", "UTC"), lambda: moment().replace(tzinfo=UTC)),
            "none": pyarrow.nulls(ROWS, pyarrow.int32()),
        }
    )
    assert read_back(session, table, tmp_path).equals(table)
    ids = column(dice, pyarrow.binary(16), lambda: dice.randbytes(16))
    documents = column(dice, pyarrow.string(), lambda: dice.choice(["null", '{"k": [1.50, "é"]}', "[]"]))
    table = pyarrow.table(
        {
            "u": pyarrow.ExtensionArray.from_storage(pyarrow.uuid(), ids),
            "j": pyarrow.ExtensionArray.from_storage(pyarrow.json_(), documents),
        }
    )
    assert read_back(session, table, tmp_path).equals(table)
    assert uuid.UUID(bytes=ids.drop_null()[0].as_py()) in {
        row[0] for row in session.fetch_rows(f"SELECT u FROM {TABLE}")[1]
    }


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (pyarrow.date32(), -719_893, "0002-01-01 BC"),
        (pyarrow.date32(), -2_440_588, "4714-11-24 BC"),
        (pyarrow.date32(), -2_440_589, None),
        (pyarrow.date32(), 2_145_042_905, "5874897-12-31"),
        (pyarrow.date32(), 2**31 - 1, None),
        (pyarrow.timestamp("us"), -210_866_803_200_000_000, "4714-11-24 00:00:00 BC"),
        (pyarrow.timestamp("us"), -210_866_803_200_000_001, None),
        (pyarrow.timestamp("us"), 2**63 - 2, "294247-01-10 04:00:54.775806"),
        (pyarrow.timestamp("us"), 2**63 - 1, None),
        (pyarrow.timestamp("us", "UTC"), -(2**63) + 1, None),
        (pyarrow.time64("us"), 86_400_000_000, "24:00:00"),
    ],
)
def test_moments_that_no_text_of_arrow_can_tell_arrive_or_are_refused(
    session: PostgresSession, tmp_path: Path, kind: Any, value: int, told: str | None
) -> None:
    """DuckDB writes infinity as the last value there is, and its time of day may be 24:00."""
    storage = pyarrow.array([None, value], pyarrow.int32() if kind.bit_width == 32 else pyarrow.int64())
    path = written(pyarrow.table({"v": storage.view(kind)}), tmp_path / "in.arrow")
    if told is None:
        with pytest.raises(TerminalError, match=r"DF-RUN-024.*`v`"):
            session.import_rows(TABLE, path)
        return
    session.import_rows(TABLE, path)
    suffix = "+00" if getattr(kind, "tz", None) else ""
    assert session.fetch_rows(f"SELECT v::text FROM {TABLE} ORDER BY 1") == (("v",), [(told + suffix,), (None,)])


def test_blocks_stay_small_and_an_empty_table_has_none(tmp_path: Path) -> None:
    large = pyarrow.table({"t": pyarrow.array(["x" * 1_000_000] * 20)})
    path = written(large, tmp_path / "large.arrow")
    sizes = [len(block) for rows, block in copy_blocks(path, incoming_columns(path)) if rows]
    assert (sum(sizes), max(sizes) <= BLOCK_BYTES + 1000) == (20 * 1_000_006, True)
    path = written(large.slice(0, 0), tmp_path / "none.arrow")
    assert [rows for rows, _ in copy_blocks(path, incoming_columns(path))] == [0, 0]


def test_day_and_time_are_read_as_the_driver_reads_them(session: PostgresSession, tmp_path: Path) -> None:
    table = pyarrow.table({"d": pyarrow.array([date(2000, 1, 1)]), "m": pyarrow.array([time(1, 2, 3, 4)])})
    session.import_rows(TABLE, written(table, tmp_path / "in.arrow"))
    assert session.fetch_rows(f"SELECT d, m FROM {TABLE}")[1] == [(date(2000, 1, 1), time(1, 2, 3, 4))]
