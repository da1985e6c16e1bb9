"""`dataflow new ID`: a pipeline file to start from; `dataflow new connector NAME`: a package with a connector."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from dataflow_provider.cli.output import print_json
from dataflow_provider.connectors.scaffold import scaffold_connector
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.manifest import NAME_PATTERN
from dataflow_provider.spec.nodes import CONNECTORS
from dataflow_provider.spec.project import DEFAULT_WORKSPACE, PIPELINES_FOLDER
from dataflow_provider.spec.scaffold import scaffold_pipeline
from dataflow_provider.spec.values import PIPELINE_ID_PATTERN

_WORKSPACE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="+", metavar="ID", help="id of the pipeline: file stem and dag_id; or `connector NAME`"
    )
    parser.add_argument("--workspace", default=DEFAULT_WORKSPACE, help="folder below yaml_pipelines (%(default)s)")
    parser.add_argument("--owner", default="my_team", help="team that owns the pipeline (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Write the file, or the package of a connector. JSON: `{"ok": true, "path": path}`, for a connector also `files`.

    Raises:
        AuthorError: DF-CLI-003 for a bad id or workspace, DF-CLI-004 when the file exists.
    """
    if len(args.what) == 2 and args.what[0] == "connector":
        return _new_connector(args.what[1], as_json=args.json)
    if len(args.what) > 1:
        hint = "Give one id, or `connector` and a name."
        raise AuthorError("DF-CLI-003", f"`{' '.join(args.what)}` is no pipeline id", hint=hint)
    return _new_pipeline(args, args.what[0])


def _new_pipeline(args: argparse.Namespace, pipeline_id: str) -> int:
    if not re.fullmatch(PIPELINE_ID_PATTERN, pipeline_id):
        hint = "Use lower-case letters, digits and `_`, a letter first, at most 200."
        raise AuthorError("DF-CLI-003", f"`{pipeline_id}` is no pipeline id", hint=hint)
    if not _WORKSPACE.fullmatch(args.workspace):
        hint = "Use lower-case letters, digits, `_` and `-`, a letter first, at most 63."
        raise AuthorError("DF-CLI-003", f"`{args.workspace}` is no name for a workspace", hint=hint)
    path = _pipelines_folder() / args.workspace / f"{pipeline_id}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(scaffold_pipeline(pipeline_id, args.owner))
    except FileExistsError:
        hint = "Choose another id, or edit that file."
        raise AuthorError("DF-CLI-004", f"the file `{path}` exists already", hint=hint) from None
    if args.json:
        print_json({"ok": True, "path": str(path)})
    else:
        sys.stdout.write(f"wrote {path}\nNext: dataflow validate {path} && dataflow run {path}\n")
    return 0


def _new_connector(name: str, *, as_json: bool) -> int:
    if not re.fullmatch(NAME_PATTERN, name) or name in CONNECTORS:
        hint = "Use lower-case letters, digits and `_`, a letter first, at most 31; not a name of the product's own."
        raise AuthorError("DF-CLI-003", f"`{name}` is no name for a connector", hint=hint)
    folder = Path(f"{name.replace('_', '-')}-connector")
    if folder.exists():
        raise AuthorError(
            "DF-CLI-004", f"`{folder}` exists already", hint="Choose another name, or edit what is there."
        )
    files = scaffold_connector(name)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    if as_json:
        print_json({"ok": True, "path": str(folder), "files": sorted(files)})
    else:
        sys.stdout.write("".join(f"wrote {folder / path}\n" for path in files))
        sys.stdout.write(f"Next: pip install -e {folder} && pytest {folder}, then docs/connectors.md\n")
    return 0


def _pipelines_folder() -> Path:
    """The nearest `yaml_pipelines`, from the current folder upwards; else one in the current folder."""
    here = Path.cwd()
    if PIPELINES_FOLDER in here.parts:
        return next(folder for folder in (here, *here.parents) if folder.name == PIPELINES_FOLDER)
    found = next((folder for folder in (here, *here.parents) if (folder / PIPELINES_FOLDER).is_dir()), here)
    return Path(f"{found / PIPELINES_FOLDER}").relative_to(here) if found == here else found / PIPELINES_FOLDER
