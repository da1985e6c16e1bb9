"""The pipelines of the chaos test, one for each engine and write mode in turn, and the rows that clean runs leave."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.crashes.database import Database, connect

Row = tuple[int, str, str]

ENGINES = ("postgres", "duckdb", "mysql", "sqlite")
MODES: dict[str, str] = {
    "append": "{mode: append}",
    "upsert": "{mode: upsert, keys: [id]}",
    "overwrite": "{mode: overwrite}",
    "merge": "{mode: merge, keys: [id], delete_when: \"v LIKE '%7'\"}",
    "delete_insert_keys": "{mode: delete_insert, keys: [id]}",
    "delete_insert_window": "{mode: delete_insert, window: {column: d}}",
}
ROWS = 3_000
YAML = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {id}
params:
  n: {{type: integer, default: 1}}
defaults: {{retries: 8, retry_delay: 1s, retry_backoff: false}}
nodes:
  rows:
    type: source.{source}
    connection: chaos_{source}
    query: SELECT id, v, d FROM chaos_rows WHERE n = :n
  kept: {{type: transform.select, from: rows, columns: [id, v, d], checkpoint: true}}
{typed}  out:
    type: target.{engine}
    connection: chaos_{engine}
    from: {last}
    table: {id}
    write: {write}
    create: {{if_missing: true}}
"""


# A table that SQLite makes of a query has no dates, so what it has kept is text; a window needs a date again.
TYPED = """\
  typed: {{type: transform.select, connection: chaos_{engine}, from: kept, columns: [id, v, {{name: d, cast: date}}]}}
"""


@dataclass(frozen=True)
class ChaosPipeline:
    """One pipeline: from the rows of one engine into a table of the same or another one."""

    id: str
    source: str
    engine: str
    mode: str

    def yaml(self) -> str:
        crosses = self.source == "sqlite" and self.engine != "sqlite"
        return YAML.format(
            id=self.id, source=self.source, engine=self.engine, write=MODES[self.mode],
            typed=TYPED.format(engine=self.engine) if crosses else "", last="typed" if crosses else "kept",
        )  # fmt: skip

    def expected(self, runs: int) -> list[Row]:
        """Return the target's rows after so many clean runs, sorted."""
        batches = [batch(n) for n in range(1, runs + 1)]
        if self.mode == "overwrite":
            return batches[-1]
        if self.mode in ("append", "delete_insert_window"):
            return sorted(row for rows in batches for row in rows)
        kept: dict[int, Row] = {}
        for row in (row for rows in batches for row in rows):
            if self.mode == "merge" and row[1].endswith("7"):
                kept.pop(row[0], None)
            else:
                kept[row[0]] = row
        return sorted(kept.values())


def make_pipelines(count: int) -> list[ChaosPipeline]:
    """Each engine as often as the others, each mode too; every second four read from other engines."""
    made = []
    for number in range(count):
        engine, mode = ENGINES[number % 4], list(MODES)[(number // 4 + number) % len(MODES)]
        group = number // 4
        source = ENGINES[(number + group) % 4] if group % 2 else engine
        made.append(ChaosPipeline(f"chaos_{number:02}", source, engine, mode))
    return made


def day(n: int) -> str:
    return f"2026-01-{n:02}"


def batch(n: int) -> list[Row]:
    """Return the rows of the n-th run; half of the ids come again in the next one."""
    first = n * ROWS // 2
    return [(number, f"{n}-{number}", day(n)) for number in range(first, first + ROWS)]


# ---------------------------------------------------------------- the databases


def fill_source(spec: ConnectionSpec, runs: int, csv: Path) -> None:
    """The engine has a table with the rows of all runs."""
    rows = [(n, *row) for n in range(1, runs + 1) for row in batch(n)]
    with closing(connect(spec)) as raw:
        database = Database(spec.conn_type, raw)
        database.run("CREATE TABLE chaos_rows (n INTEGER, id INTEGER, v VARCHAR(20), d DATE)")
        if spec.conn_type == "duckdb":
            csv.write_text("\n".join(",".join(map(str, row)) for row in rows))
            database.run(f"INSERT INTO chaos_rows FROM read_csv('{csv}', header=false)")
            return
        for at in range(0, len(rows), 500):
            texts = ", ".join(f"({n}, {number}, '{v}', '{d}')" for n, number, v, d in rows[at : at + 500])
            database.run(f"INSERT INTO chaos_rows VALUES {texts}")


def rows_of(spec: ConnectionSpec, table: str) -> list[Row]:
    with closing(connect(spec)) as raw:
        found = Database(spec.conn_type, raw).rows(f"SELECT id, v, d FROM {table}")[1]
    return sorted((int(number), str(v), _day(d)) for number, v, d in found)


def stage_tables(specs: Iterable[ConnectionSpec]) -> list[str]:
    """Return every stage table that is left in the databases."""
    found = []
    for spec in specs:
        with closing(connect(spec)) as raw:
            found += [f"{spec.conn_type}: {name}" for name in Database(spec.conn_type, raw).stage_tables()]
    return found


def _day(value: Any) -> str:
    return str(value)[:10]
