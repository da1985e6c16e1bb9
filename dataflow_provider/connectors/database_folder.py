"""The folder of a database that is a file; one that is missing is made with the file's first session."""

from __future__ import annotations

from pathlib import Path

from dataflow_provider.errors import TerminalError


def make_database_folder(database: Path) -> None:
    """The folder of the file exists.

    Raises:
        TerminalError: when it cannot be made: a part of its path is a file, or this user may not write there.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise TerminalError(
            "DF-CONN-021",
            f"the folder of the database `{database}` cannot be made: {exc.strerror}",
            hint="Correct the path in the connection, or make the folder and let this user write there.",
        ) from exc
