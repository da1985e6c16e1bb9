"""The pipeline files that a command's PATH arguments mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.project import is_pipeline_file


def find_pipeline_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files named and those below the folders named, each once, folders in sorted order.

    Raises:
        AuthorError: DF-CLI-001 for a path that does not exist, DF-CLI-002 for a folder without a pipeline.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(file for file in path.rglob("*") if file.is_file() and is_pipeline_file(file, path))
            if not below:
                hint = "Files end in .yaml or .yml; folders and files whose name begins with `_` or `.` are left out."
                raise AuthorError("DF-CLI-002", f"the folder `{path}` holds no pipeline file", hint=hint)
            found.update(dict.fromkeys(below))
        elif path.exists():
            found[path] = None
        else:
            raise AuthorError(
                "DF-CLI-001", f"the path `{path}` does not exist", hint="Name a pipeline file or a folder."
            )
    return list(found)
