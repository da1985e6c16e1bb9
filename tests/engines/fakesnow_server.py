"""fakesnow's server, mended: a MERGE may stand in a transaction behind other statements.

Run by the Python of `.engines`: `python -P fakesnow_server.py PORT KEY CERTIFICATE`. fakesnow carries out a MERGE by a
temporary table, whose missing comment it then notes in another database, and no transaction of DuckDB writes to two.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from fakesnow import info_schema

OF_A_MERGE = "MERGE_CANDIDATES"


def unless_of_a_merge(made: Callable[..., str]) -> Callable[..., str]:
    """Return the maker of a note about a table, which says nothing of the table that carries out a MERGE."""

    def make(catalog: str, schema: str, table: str, noted: Any) -> str:
        return "SELECT 1" if table == OF_A_MERGE else made(catalog, schema, table, noted)

    return make


def main(port: int, key: str, certificate: str) -> None:
    for name in ("insert_table_comment_sql", "insert_text_lengths_sql"):
        setattr(info_schema, name, unless_of_a_merge(getattr(info_schema, name)))
    uvicorn.run(
        "fakesnow.server:app", host="127.0.0.1", port=port, ssl_keyfile=key, ssl_certfile=certificate,
        log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
