"""`fetch_size` and `batch_size` reach the drivers: rows leave and enter a database by so many, and none is lost."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from psycopg import Copy

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from tests.engines.live import LiveEngine

ROWS = 25
OPTIONS = SessionOptions(Holder("t", "t"), lock_timeout_s=20)


def opened(engine: LiveEngine, options: SessionOptions = OPTIONS) -> AbstractContextManager[Any]:
    return get_connector(engine.name).open(engine.spec, options)


def incoming(folder: Path) -> Path:
    path, table = folder / "in.arrow", pyarrow.table({"a": list(range(ROWS)), "b": [f"ö{n}" for n in range(ROWS)]})
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return path


def test_rows_leave_by_fetch_size(live_engine: LiveEngine, tmp_path: Path) -> None:
    table, path = live_engine.table("sized"), tmp_path / "rows.arrow"
    with opened(live_engine) as session:
        session.import_rows(table, incoming(tmp_path))
    with opened(live_engine, replace(OPTIONS, fetch_size=10)) as session:
        session.export_rows(f"SELECT * FROM {table}", path)
    with pyarrow.memory_map(str(path)) as file:
        batches = [batch.to_pydict() for batch in pyarrow.ipc.open_stream(file)]
    assert [len(batch["a"]) for batch in batches] == [10, 10, 5]
    assert sorted(number for batch in batches for number in batch["a"]) == list(range(ROWS))


def test_rows_enter_by_batch_size(live_engine: LiveEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if live_engine.name == "duckdb":
        pytest.skip("not applicable: DuckDB reads the Arrow file itself")
    sent: list[int] = []
    table = live_engine.table("sized")
    with opened(live_engine, replace(OPTIONS, batch_size=10)) as session:
        watch(live_engine.name, session, sent, monkeypatch)
        session.import_rows(table, incoming(tmp_path))
    assert sent == [10, 10, 5]
    with opened(live_engine) as session:
        assert session.fetch_number(f"SELECT SUM(a) FROM {table}") == sum(range(ROWS))


def copied_rows(data: bytes) -> int:
    """Return the rows in a block of a binary COPY; its first and its last one have none."""
    at, rows = 0, 0
    while not data.startswith(b"PGCOPY") and data != b"\xff\xff" and at < len(data):
        fields, at, rows = int.from_bytes(data[at : at + 2]), at + 2, rows + 1
        for _ in range(fields):
            at += 4 + max(int.from_bytes(data[at : at + 4], signed=True), 0)
    return rows


def watch(engine: str, session: Any, sent: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note how many rows each call of the driver gets."""
    if engine == "postgres":
        write = Copy.write

        def counted_write(copy: Copy, data: bytes) -> None:
            if rows := copied_rows(bytes(data)):
                sent.append(rows)
            write(copy, data)

        monkeypatch.setattr(Copy, "write", counted_write)
        return
    raw_cursor = session._raw.cursor

    class Watched:
        def __init__(self, *kind: Any) -> None:
            self.__dict__["cursor"] = raw_cursor(*kind)

        def executemany(self, sql: str, block: list[Any]) -> None:
            sent.append(len(block))
            self.cursor.executemany(sql, block)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["cursor"], name)

        def __setattr__(self, name: str, value: object) -> None:
            setattr(self.cursor, name, value)

    class Raw:
        def __getattr__(self, name: str) -> Any:
            return Watched if name == "cursor" else getattr(session_raw, name)

    session_raw = session._raw
    session._raw = Raw()
