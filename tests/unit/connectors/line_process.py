"""One process of the line test: writes or reads a database again and again. Arguments: file, number, rounds, kind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector


def main(database: str, number: int, rounds: int, kind: str) -> dict[str, object]:
    connection = ConnectionSpec("warehouse", "duckdb", host=database)
    options = SessionOptions(Holder("p", f"{kind}{number}"), read_only=kind == "reader", file_roots=(Path("/"),))
    seen = []
    for turn in range(rounds):
        with get_connector("duckdb").open(connection, options) as session:
            if kind == "writer":
                session.execute(f"INSERT INTO t SELECT {number}, {turn}, i FROM range(100) AS r(i)")
            else:
                seen.append(session.fetch_number("SELECT COUNT(*) FROM t"))
    return {"seen": seen}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])))
