"""A table with a column of every family, in each engine's own types."""

from __future__ import annotations

from dataflow_provider.compiler.compiled import Columns
from tests.engines.live import LiveEngine

_SAME = {
    "i": "INTEGER", "b": "BIGINT", "s": "SMALLINT", "d": "DECIMAL(10,2)", "f": "DOUBLE", "r": "REAL",
    "t": "VARCHAR(20)", "day": "DATE", "ts": "TIMESTAMP", "tz": "TIMESTAMP WITH TIME ZONE", "ok": "BOOLEAN",
    "tm": "TIME", "bl": "BLOB",
}  # fmt: skip
TYPES: dict[str, Columns] = {
    "duckdb": _SAME,
    "sqlite": {**_SAME, "tz": "TIMESTAMP"},
    "postgres": {**_SAME, "f": "DOUBLE PRECISION", "bl": "BYTEA"},
    "mysql": {**_SAME, "r": "FLOAT", "ts": "DATETIME", "tz": "TIMESTAMP NULL"},
}
ROW = "1, 2, 3, 4.5, 1.5, 1.5, '12', '2026-01-01', '2026-01-01', '2026-01-01', true, '10:00:00'"


def make_typed_table(engine: LiveEngine) -> str:
    """Create the table with one row and return its quoted name."""
    table = engine.table("typed")
    listed = ", ".join(f"{name} {kind}" for name, kind in TYPES[engine.name].items())
    blob = "'x'::BLOB" if engine.name == "duckdb" else "'x'"
    with engine.open() as session:
        session.execute(f"CREATE TABLE {table} ({listed})")
        session.execute(f"INSERT INTO {table} VALUES ({ROW}, {blob})")
    return table


def declared_types(engine: LiveEngine) -> dict[str, str]:
    """Return the column types as an author declares them in `schema`."""
    return {name: kind.removesuffix(" NULL") for name, kind in TYPES[engine.name].items()}
