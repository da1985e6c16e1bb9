"""The pipeline files that a command's PATH arguments mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import PIPELINES_FOLDER, is_pipeline_file


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


def find_pipeline_file(written: str) -> Path:
    """Return the file that a PATH or an id means; an id is looked for below `yaml_pipelines/` here and in Airflow's.

    Raises:
        AuthorError: DF-CLI-001 for a path that does not exist, DF-CLI-005 for an id that no file has.
    """
    path = Path(written)
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise AuthorError("DF-CLI-001", f"the path `{written}` does not exist", hint="Name a pipeline file, or its id.")
    folders = (Path.cwd() / PIPELINES_FOLDER, Settings.load().pipelines_folder)
    for folder in folders:
        for file in sorted(folder.rglob(f"{written}.y*ml")):
            if is_pipeline_file(file, folder):
                return file
    raise AuthorError(
        "DF-CLI-005",
        f"no pipeline file has the id `{written}`; looked below " + " and ".join(f"`{folder}`" for folder in folders),
        hint="Name its file, or stand in the folder above `yaml_pipelines`.",
    )
