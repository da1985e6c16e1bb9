"""The star job: filter, deduplicate, join twice, compute, aggregate, publish; as data, pipeline, SQL by hand, pandas.

Tables are made inside the engine from the row's number, the same on every engine and in every run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pandas
import psutil
import psycopg

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.spec.models import Pipeline

CELLS = 2_000
TARGET = "(region VARCHAR(20), plan VARCHAR(20), day DATE, amount BIGINT, calls BIGINT, bytes BIGINT)"
NEEDED = "call_id, subscriber_id, cell_id, started_at, seconds, bytes"
AMOUNT = "CASE WHEN seconds < 60 THEN 60 ELSE seconds END * rate"
ROWS = "SELECT region, plan, day, amount, calls, bytes FROM s.mart ORDER BY region, plan, day"


class Sql(Protocol):
    """A connection that runs statements; a transaction is begun and ended by them."""

    def execute(self, sql: str) -> Any: ...


@dataclass(frozen=True)
class Engine:
    """Where a star job runs: `spec` for the product, a bare driver for what is written by hand."""

    name: str
    spec: ConnectionSpec

    @contextmanager
    def connect(self) -> Iterator[Any]:
        if self.name == "duckdb":
            with duckdb.connect(self.spec.host or "", config={"memory_limit": "50%"}) as raw:
                yield raw
            return
        with psycopg.connect(
            host=self.spec.host, port=self.spec.port, user=self.spec.login, password=self.spec.password,
            dbname=self.spec.schema, autocommit=True,
        ) as connection:  # fmt: skip
            yield connection

    def run(self, statements: Sequence[str]) -> None:
        """Run the statements in one transaction of a session of its own."""
        with self.connect() as connection:
            for sql in ("BEGIN", *statements, "COMMIT"):
                connection.execute(sql)

    def rows(self) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return [tuple(row) for row in connection.execute(ROWS).fetchall()]

    def cpu_seconds(self) -> float:
        """Return the CPU that this process and the server with its sessions, ended ones too, have taken so far."""
        mine = time.process_time()
        if self.name == "duckdb":
            return mine
        with self.connect() as connection:
            (first,) = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)").fetchone()
        server = psutil.Process(int(first))
        while any(_is_session(child) for child in server.children()):
            time.sleep(0.01)
        return mine + _cpu_of_all(server)

    # ------------------------------------------------------------ data

    def fill(self, calls: int) -> None:
        """Make the tables of the star: 4 of 100 calls come twice, 99 of 100 are long enough."""
        subscribers = max(calls // 50, 20)
        statements = [
            "DROP SCHEMA IF EXISTS s CASCADE",
            "CREATE SCHEMA s",
            _made(
                "calls",
                {
                    "call_id": f"{_NUMBER} % {max(calls * 24 // 25, 1)}",
                    "subscriber_id": f"CAST({_scattered(7)} % {subscribers} AS INTEGER)",
                    "cell_id": f"CAST({_scattered(99_991)} % {CELLS} AS INTEGER)",
                    "started_at": f"TIMESTAMP '2026-01-01' + CAST({_scattered(31)} % 2678400 AS INTEGER) * "
                    "INTERVAL '1 second'",
                    "seconds": f"CAST({_scattered(555)} % 1200 AS INTEGER)",
                    "bytes": f"{_scattered(777)} % 1000000",
                    "status": f"'ok-' || CAST({_scattered(5)} % 7 AS VARCHAR(3))",
                    "device": f"'imei-' || CAST({_scattered(11)} AS VARCHAR(12))",
                    "service": f"CAST({_scattered(13)} % 90 AS INTEGER)",
                    "loaded_seq": _NUMBER,
                },
                self._numbers(calls),
            ),
            _made(
                "subscribers",
                {
                    "subscriber_id": "CAST(i AS INTEGER)",
                    "plan": f"'plan-' || CAST({_scattered(1)} % 8 AS VARCHAR(2))",
                    "rate": f"CAST(1 + {_scattered(3)} % 9 AS INTEGER)",
                    "name": "'name ' || i",
                },
                self._numbers(subscribers),
            ),
            _made(
                "cells",
                {
                    "cell_id": "CAST(i AS INTEGER)",
                    "region": f"'region-' || CAST({_scattered(2)} % 16 AS VARCHAR(2))",
                    "site": "'site ' || i",
                },
                self._numbers(CELLS),
            ),
            f"CREATE TABLE s.mart {TARGET}",
            "ANALYZE",
        ]
        with self.connect() as connection:
            for sql in statements:
                connection.execute(sql)

    def _numbers(self, count: int) -> str:
        series = f"generate_series(0, {count - 1})" if self.name == "postgres" else f"range({count})"
        return f"{series} AS numbers(i)"

    # ------------------------------------------------------------ the job, four times

    def plan(self) -> Plan:
        """Return the job as a pipeline."""
        source = f"source.{self.name}"
        nodes: dict[str, Any] = {
            "calls": {"type": source, "table": "s.calls"},
            "subscribers": {"type": source, "table": "s.subscribers"},
            "cells": {"type": source, "table": "s.cells"},
            "long": {"type": "transform.filter", "from": "calls", "where": "seconds >= 10"},
            "once": {
                "type": "transform.deduplicate",
                "from": "long",
                "keys": ["call_id"],
                "order_by": ["loaded_seq DESC"],
            },
            "owned": {
                "type": "transform.join", "from": ["once", "subscribers"], "how": "inner", "keys": ["subscriber_id"],
            },
            "located": {"type": "transform.join", "from": ["owned", "cells"], "how": "left", "keys": ["cell_id"]},
            "rated": {
                "type": "transform.expression",
                "from": "located",
                "columns": {"day": "CAST(started_at AS DATE)", "amount": AMOUNT},
            },
            "usage": {
                "type": "transform.aggregate",
                "from": "rated",
                "group_by": ["region", "plan", "day"],
                "aggregates": {"amount": "SUM(amount)", "calls": "COUNT(*)", "bytes": "CAST(SUM(bytes) AS BIGINT)"},
            },
            "mart": {
                "type": f"target.{self.name}", "from": "usage", "table": "s.mart", "write": {"mode": "overwrite"},
            },
        }  # fmt: skip
        document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "star", "nodes": nodes}
        return plan_pipeline(Pipeline.model_validate({**document, "defaults": {"connection": self.spec.conn_id}}))

    def by_hand(self) -> dict[str, list[str]]:
        """Return what a careful person might write instead: one statement in two ways, and one temporary table."""
        first = f"SELECT {NEEDED} FROM s.calls WHERE seconds >= 10"
        rank = "ROW_NUMBER() OVER (PARTITION BY call_id ORDER BY loaded_seq DESC)"
        ranked = (
            f"SELECT {NEEDED} FROM (SELECT {NEEDED}, {rank} AS rank FROM s.calls WHERE seconds >= 10) r WHERE rank = 1"
        )
        if self.name == "postgres":
            once = f"SELECT DISTINCT ON (call_id) {first.removeprefix('SELECT ')} ORDER BY call_id, loaded_seq DESC"
        else:
            once = f"{first} QUALIFY {rank} = 1"
        analyze = ["ANALYZE once"] if self.name == "postgres" else []
        return {
            "hand_ranked": ["DELETE FROM s.mart", _tail(f"({ranked})")],
            "hand_once": ["DELETE FROM s.mart", _tail(f"({once})")],
            "hand_kept": [f"CREATE TEMPORARY TABLE once AS {once}", *analyze, "DELETE FROM s.mart", _tail("once")],
        }

    def stepwise(self) -> list[str]:
        """Return the job as a temporary table for each step, as many tools write it."""
        rank = "ROW_NUMBER() OVER (PARTITION BY call_id ORDER BY loaded_seq DESC) AS rank"
        steps = {
            "long": "SELECT * FROM s.calls WHERE seconds >= 10",
            "ranked": f"SELECT *, {rank} FROM long",
            "once": "SELECT * FROM ranked WHERE rank = 1",
            "owned": "SELECT * FROM once JOIN s.subscribers USING (subscriber_id)",
            "located": "SELECT * FROM owned LEFT JOIN s.cells USING (cell_id)",
            "rated": f"SELECT region, plan, CAST(started_at AS DATE) AS day, {AMOUNT} AS amount, bytes FROM located",
        }
        last = (
            "INSERT INTO s.mart SELECT region, plan, day, SUM(amount), COUNT(*), CAST(SUM(bytes) AS BIGINT) "
            "FROM rated GROUP BY region, plan, day"
        )
        made = [f"CREATE TEMPORARY TABLE {name} AS {query}" for name, query in steps.items()]
        return [*made, "DELETE FROM s.mart", last]

    def by_pandas(self) -> None:
        """Fetch the columns that are needed, compute here, write the result back in one transaction."""
        with self.connect() as connection:
            calls = self._frame(connection, f"SELECT {NEEDED}, loaded_seq FROM s.calls")
            subscribers = self._frame(connection, "SELECT subscriber_id, plan, rate FROM s.subscribers")
            cells = self._frame(connection, "SELECT cell_id, region FROM s.cells")
            result = _computed(calls, subscribers, cells)
            connection.execute("BEGIN")
            connection.execute("DELETE FROM s.mart")
            if self.name == "duckdb":
                connection.register("result", result)
                connection.execute("INSERT INTO s.mart SELECT * FROM result")
            else:
                with connection.cursor().copy("COPY s.mart FROM STDIN (FORMAT csv)") as copy:
                    copy.write(result.to_csv(index=False, header=False))
            connection.execute("COMMIT")

    def _frame(self, connection: Any, sql: str) -> Any:
        if self.name == "duckdb":
            return connection.execute(sql).df()
        buffer = BytesIO()
        with connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)") as copy:
            for block in copy:
                buffer.write(block)
        buffer.seek(0)
        frame = pandas.read_csv(buffer)
        if "started_at" in frame:
            frame["started_at"] = pandas.to_datetime(frame["started_at"])
        return frame


def _cpu_of_all(server: psutil.Process) -> float:
    while True:
        with suppress(psutil.NoSuchProcess):  # autovacuum's workers come and go: then all is read again
            alive: float = sum(sum(child.cpu_times()[:2]) for child in server.children())
            ended_and_own: float = sum(server.cpu_times()[:4])
            return alive + ended_and_own


def _is_session(child: psutil.Process) -> bool:
    """Whether a process of the server serves a client, by the title it gives itself."""
    try:
        return "127.0.0.1" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False


_NUMBER = "CAST(i AS BIGINT)"


def _scattered(salt: int) -> str:
    """Return a number below 2^32 that looks random, made of the row's own."""
    return f"((({_NUMBER} + {salt}) * 2654435761) % 4294967291)"


def _made(table: str, columns: Mapping[str, str], rows: str) -> str:
    items = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    return f"CREATE TABLE s.{table} AS SELECT {items} FROM {rows}"


def _tail(once: str) -> str:
    return (
        "INSERT INTO s.mart SELECT region, plan, CAST(started_at AS DATE) AS day, "
        f"SUM({AMOUNT}) AS amount, COUNT(*) AS calls, CAST(SUM(bytes) AS BIGINT) AS bytes FROM {once} AS c "
        "JOIN s.subscribers USING (subscriber_id) LEFT JOIN s.cells USING (cell_id) GROUP BY 1, 2, 3"
    )


def _computed(calls: Any, subscribers: Any, cells: Any) -> Any:
    long = calls[calls["seconds"] >= 10]
    once = long.sort_values("loaded_seq").drop_duplicates("call_id", keep="last")
    wide = once.merge(subscribers, on="subscriber_id").merge(cells, on="cell_id", how="left")
    wide["day"] = wide["started_at"].dt.date
    wide["amount"] = wide["seconds"].clip(lower=60) * wide["rate"]
    groups = wide.groupby(["region", "plan", "day"], as_index=False, dropna=False)
    return groups.agg(amount=("amount", "sum"), calls=("amount", "size"), bytes=("bytes", "sum"))


def warehouse(folder: Path) -> Engine:
    """Return a DuckDB file of its own."""
    return Engine("duckdb", ConnectionSpec("dwh", "duckdb", str(folder / "star.duckdb")))
