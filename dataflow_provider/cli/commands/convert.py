"""`dataflow convert PATH --to sql|yaml`: a pipeline file as a script, a script or any SELECT as a pipeline file.

Exit 1 when it cannot be converted; nothing is written then.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dataflow_provider.cli.airflow_connections import pipeline_connections
from dataflow_provider.cli.output import print_json
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import connector_of
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.settings import Settings
from dataflow_provider.spec.findings import Finding
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import load_pipeline, parse_pipeline
from dataflow_provider.spec.project import Project

if TYPE_CHECKING:
    from dataflow_provider.compiler.decompile.decompile import Decompiled, Origin
    from dataflow_provider.compiler.decompile.normalise import Describe

_ID = re.compile(r"[a-z][a-z0-9_]{0,199}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file, script made of one, or one SELECT")
    parser.add_argument("--to", choices=("sql", "yaml", "python"), required=True, help="what to make of it")
    parser.add_argument("-o", "--output", metavar="F", type=Path, help="write to this file instead of the screen")
    parser.add_argument("--connection", metavar="C", help="connection the SQL runs on")
    parser.add_argument("--dialect", metavar="D", help="engine of the SQL when the connection is not defined here")
    parser.add_argument("--id", metavar="I", help="id of the pipeline; by default from the file's name")
    parser.add_argument("--target", metavar="T", help="table the rows are written to")
    parser.add_argument("--live", action="store_true", help="ask the database for the columns of the tables")


def run(args: argparse.Namespace) -> int:
    """Print or write what the file becomes. JSON: `{"ok": true, "path", "text", "findings": [finding…]}`."""
    text, findings = _convert(args)
    if args.output is not None:
        _write(args.output, text.encode())
    if args.json:
        path = None if args.output is None else str(args.output)
        print_json({"ok": True, "path": path, "text": text, "findings": [one.to_json() for one in findings]})
        return 0
    sys.stdout.write(text if args.output is None else f"wrote {args.output}\n")
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    return 0


def _convert(args: argparse.Namespace) -> tuple[str, list[Finding]]:
    is_pipeline = args.path.suffix.lower() in (".yaml", ".yml")
    if args.to == "python" or args.path.suffix.lower() == ".py":
        raise AuthorError(
            "DF-CONV-013",
            "Python is not among the forms of a pipeline yet; `sql` and `yaml` are",
            hint="Convert with `--to sql` for people who read SQL; Airflow runs the YAML itself.",
        )
    if is_pipeline:
        return _from_pipeline(args)
    if args.to == "sql":
        raise AuthorError(
            "DF-CONV-014",
            f"`{args.path}` is no pipeline file, and only those become a script",
            hint="Name a `.yaml` file; SQL becomes a pipeline with `--to yaml`.",
        )
    text = _read(args.path)
    # Imported late: sqlglot costs more than everything else here.
    from dataflow_provider.compiler.script.read import is_script

    return _from_script(text, args) if is_script(text) else _from_select(text, args)


def _from_pipeline(args: argparse.Namespace) -> tuple[str, list[Finding]]:
    """Return the pipeline as a script, or in canonical layout and the newest version of the language."""
    loaded = load_pipeline(args.path)
    loaded.require()
    if args.to == "yaml":
        return format_pipeline(loaded.text), list(loaded.findings)
    from dataflow_provider.compiler.script.takeover import to_script

    return to_script(loaded), list(loaded.findings)


def _from_script(text: str, args: argparse.Namespace) -> tuple[str, list[Finding]]:
    from dataflow_provider.compiler.script.read import split_script
    from dataflow_provider.compiler.script.takeover import take_over

    script = split_script(text)
    taken = take_over(script, str(args.path))
    _refuse_newer(args.output, script.file or "", taken.text)
    return taken.text, list(taken.findings)


def _refuse_newer(output: Path | None, carried: str, made: str) -> None:
    """Refuse to write over a pipeline file that was edited since the script was made of it."""
    if output is None or not output.exists():
        return
    there = load_pipeline(output)
    if there.pipeline is None or format_pipeline(there.text) not in (carried, made):
        raise AuthorError(
            "DF-CONV-024",
            f"`{output}` is not the file that the script was made of; its own edits would be lost",
            hint="Write to another file and compare them with `dataflow diff`, or make the script anew.",
        )


def _from_select(sql: str, args: argparse.Namespace) -> tuple[str, list[Finding]]:
    if args.connection is None:
        raise AuthorError("DF-CONV-010", "`--connection` is missing", hint="Name the connection the SQL runs on.")
    project = Project.of(args.output or args.path)
    connection = None if args.dialect and not args.live else pipeline_connections(project).get(args.connection)
    engine = args.dialect or (connector_of(connection).name if connection else "")
    pipeline_id = _pipeline_id(args)
    from dataflow_provider.compiler.decompile.decompile import Origin

    origin = Origin(pipeline_id, args.connection, engine, get_dialect(engine), args.target)
    with _described(connection if args.live else None, origin, project) as describe:
        made = _decompile(sql, args.path, origin, describe)
    loaded = parse_pipeline(made.text, str(args.output or f"{pipeline_id}.yaml"))
    return made.text, [*loaded.findings, *(loaded.finding(problem) for problem in made.problems)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise AuthorError(
            "DF-CONV-011", f"`{path}` cannot be read: {exc}", hint="Name a file of text in UTF-8."
        ) from exc


def _pipeline_id(args: argparse.Namespace) -> str:
    stem = args.output.stem if args.output is not None else args.path.stem
    wanted = args.id or re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
    if not _ID.fullmatch(wanted):
        raise AuthorError(
            "DF-CONV-012",
            f"`{wanted}` is no pipeline id; ids are lower-case letters, digits and `_`, and begin with a letter",
            hint="Give one with `--id`.",
        )
    return str(wanted)


def _decompile(sql: str, path: Path, origin: Origin, describe: Describe) -> Decompiled:
    from dataflow_provider.compiler.decompile.decompile import decompile_query
    from dataflow_provider.compiler.sqltext import SqlTextError

    try:
        return decompile_query(sql, origin, describe)
    except SqlTextError as error:
        before = sql[: error.offset or 0]
        place = Place(str(path), before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise AuthorError(error.code, error.message, place=place, hint=error.hint) from error


@contextmanager
def _described(
    connection: ConnectionSpec | None, origin: Origin, project: Project
) -> Iterator[Callable[[tuple[str, ...]], Mapping[str, str] | None]]:
    """Give a look-up of the columns of tables: by an open session, or one that knows nothing."""
    if connection is None:
        yield lambda parts: None
        return
    options = SessionOptions(
        Holder(origin.pipeline_id, "convert"),
        read_only=True,
        file_roots=project.file_roots,
        lock_timeout_s=Settings.load().warehouse_lock_timeout_s,
    )
    quote = origin.dialect.publish.quote
    with connector_of(connection).open(connection, options) as session:
        yield lambda parts: session.columns_of(".".join(quote(part) for part in parts))


def _write(path: Path, content: bytes) -> None:
    """The file holds the content or, after a crash, still the old one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(name, os.path.realpath(path))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
