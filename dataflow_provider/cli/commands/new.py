"""`dataflow new ID`: a pipeline file to start from, in the project that the current folder belongs to."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from dataflow_provider.cli.output import print_json
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.project import DEFAULT_WORKSPACE, PIPELINES_FOLDER
from dataflow_provider.spec.scaffold import scaffold_pipeline
from dataflow_provider.spec.values import PIPELINE_ID_PATTERN

_WORKSPACE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline_id", metavar="ID", help="id of the pipeline: file stem and dag_id")
    parser.add_argument("--workspace", default=DEFAULT_WORKSPACE, help="folder below yaml_pipelines (%(default)s)")
    parser.add_argument("--owner", default="my_team", help="team that owns the pipeline (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Write the file. JSON: `{"ok": true, "path": path}`.

    Raises:
        AuthorError: DF-CLI-003 for a bad id or workspace, DF-CLI-004 when the file exists.
    """
    if not re.fullmatch(PIPELINE_ID_PATTERN, args.pipeline_id):
        hint = "Use lower-case letters, digits and `_`, a letter first, at most 200."
        raise AuthorError("DF-CLI-003", f"`{args.pipeline_id}` is no pipeline id", hint=hint)
    if not _WORKSPACE.fullmatch(args.workspace):
        hint = "Use lower-case letters, digits, `_` and `-`, a letter first, at most 63."
        raise AuthorError("DF-CLI-003", f"`{args.workspace}` is no name for a workspace", hint=hint)
    path = _pipelines_folder() / args.workspace / f"{args.pipeline_id}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(scaffold_pipeline(args.pipeline_id, args.owner))
    except FileExistsError:
        hint = "Choose another id, or edit that file."
        raise AuthorError("DF-CLI-004", f"the file `{path}` exists already", hint=hint) from None
    if args.json:
        print_json({"ok": True, "path": str(path)})
    else:
        sys.stdout.write(f"wrote {path}\nNext: dataflow validate {path} && dataflow run {path}\n")
    return 0


def _pipelines_folder() -> Path:
    """The nearest `yaml_pipelines`, from the current folder upwards; else one in the current folder."""
    here = Path.cwd()
    if PIPELINES_FOLDER in here.parts:
        return next(folder for folder in (here, *here.parents) if folder.name == PIPELINES_FOLDER)
    found = next((folder for folder in (here, *here.parents) if (folder / PIPELINES_FOLDER).is_dir()), here)
    return Path(f"{found / PIPELINES_FOLDER}").relative_to(here) if found == here else found / PIPELINES_FOLDER
