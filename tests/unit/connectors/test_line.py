"""Several processes and threads at one DuckDB file: everyone gets a turn, nobody sees a lock error, no row is lost."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder, line_up, read_holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import TransientError

PROCESS = Path(__file__).with_name("line_process.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as raw:
        raw.execute("CREATE TABLE t (process INTEGER, turn INTEGER, i INTEGER)")
    return path


def options(stage: str = "s", *, read_only: bool = False, timeout_s: float = 60) -> SessionOptions:
    return SessionOptions(Holder("p", stage), read_only=read_only, lock_timeout_s=timeout_s)


def connection(database: Path) -> ConnectionSpec:
    return ConnectionSpec("warehouse", "duckdb", host=str(database))


@pytest.mark.slow
def test_line_of_writer_and_reader_processes_loses_no_row_and_shows_no_lock_error(database: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, str(PROCESS), str(database), str(number), "5", "writer" if number < 4 else "reader"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        )
        for number in range(7)
    ]  # fmt: skip
    answers = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 7, answers
    with duckdb.connect(str(database)) as raw:
        turns = raw.execute("SELECT process, turn, COUNT(*) FROM t GROUP BY ALL").fetchall()
    assert sorted(turns) == [(process, turn, 100) for process in range(4) for turn in range(5)]
    for output, _ in answers[4:]:
        seen = json.loads(output)["seen"]
        assert seen == sorted(seen)
        assert all(count % 100 == 0 for count in seen)


def test_line_of_threads_loses_no_row(database: Path) -> None:
    def write(number: int) -> None:
        with get_connector("duckdb").open(connection(database), options(str(number))) as session:
            before = session.fetch_number("SELECT COUNT(*) FROM t")
            session.execute(f"INSERT INTO t VALUES ({number}, {before}, 0)")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    with duckdb.connect(str(database)) as raw:
        assert raw.execute("SELECT COUNT(*), COUNT(DISTINCT turn) FROM t").fetchone() == (16, 16)


def test_readers_in_one_process_read_at_the_same_time(database: Path) -> None:
    both = threading.Barrier(2, timeout=20)

    def read(_: int) -> int:
        with get_connector("duckdb").open(connection(database), options(read_only=True)) as session:
            both.wait()
            return session.fetch_number("SELECT COUNT(*) FROM t")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(read, range(2))) == [0, 0]


def test_waiting_writer_goes_before_a_later_reader(database: Path) -> None:
    order: list[str] = []
    queued = {"writer": threading.Event(), "reader": threading.Event()}

    def take(name: str, *, exclusive: bool) -> None:
        queued[name].set()
        with line_up(database, Holder("p", name), exclusive=exclusive, timeout_s=30):
            order.append(name)

    with ThreadPoolExecutor(2) as pool:
        with line_up(database, Holder("p", "first reader"), exclusive=False, timeout_s=30):
            writer = pool.submit(take, "writer", exclusive=True)
            wait_until_gate_is_taken(database)
            reader = pool.submit(take, "reader", exclusive=False)
            queued["reader"].wait(20)
            assert order == []
        writer.result(30)
        reader.result(30)
    assert order == ["writer", "reader"]


def wait_until_gate_is_taken(database: Path) -> None:
    gate = os.open(f"{database}.gate", os.O_RDWR | os.O_CREAT)
    try:
        for _ in range(1_000_000):
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(gate, fcntl.LOCK_UN)
        raise AssertionError("the writer never took the gate")
    finally:
        os.close(gate)


def test_wait_names_the_holder_in_the_log_and_ends_in_a_transient_error(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, logger="dataflow_provider.connectors.lock"),
        get_connector("duckdb").open(connection(database), options("loading")),
        pytest.raises(TransientError) as caught,
        get_connector("duckdb").open(connection(database), options("waiting", timeout_s=1.2)),
    ):
        raise AssertionError("both had the database")
    holder = f"held by pipeline p, stage loading (pid {os.getpid()}"
    assert holder in str(caught.value)
    assert caught.value.code == "DF-CONN-010"
    assert [f"Waiting for w.duckdb, {holder}" in record.getMessage() for record in caplog.records] == [True]


def test_wait_that_was_given_up_does_not_keep_the_lock(database: Path) -> None:
    with (
        line_up(database, Holder("p", "a"), exclusive=True, timeout_s=5),
        pytest.raises(TransientError),
        line_up(database, Holder("p", "b"), exclusive=True, timeout_s=0.05),
    ):
        pass
    for _ in range(3):
        with line_up(database, Holder("p", "c"), exclusive=True, timeout_s=5):
            pass


def test_lock_of_a_foreign_program_is_waited_for(database: Path) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as foreign:
        assert_waits_for(foreign, database)


def assert_waits_for(foreign: subprocess.Popen[str], database: Path) -> None:
    assert foreign.stdin is not None
    assert foreign.stdout is not None
    assert foreign.stdout.readline() == "open\n"
    with (
        pytest.raises(TransientError, match=rf"held by the program .* \(pid {foreign.pid}\)"),
        get_connector("duckdb").open(connection(database), options(timeout_s=0.5)),
    ):
        pass
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(open_and_count, database)
        foreign.stdin.close()
        assert waiting.result(60) == 0


def open_and_count(database: Path) -> int:
    with get_connector("duckdb").open(connection(database), options()) as session:
        return session.fetch_number("SELECT COUNT(*) FROM t")


def test_killed_holder_frees_the_line_and_is_not_named(database: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from dataflow_provider.connectors.lock import *\n"
        "with line_up(Path(sys.argv[1]), Holder('p', 'doomed'), exclusive=True, timeout_s=5):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], env=ENVIRONMENT, check=False, timeout=60)
    lock = Path(f"{database}.lock")
    assert "doomed" in lock.read_text()
    assert read_holder(lock) is None
    assert open_and_count(database) == 0
