"""`dataflow connectors`: what this installation can connect to, and whether a connection answers."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from dataflow_provider.cli.airflow_connections import command_connections
from dataflow_provider.cli.output import print_json
from dataflow_provider.connectors.describe import ConnectorJson, manifest_json
from dataflow_provider.connectors.inspection import discover_connection, inspect_connection
from dataflow_provider.connectors.registry import REGISTRY
from dataflow_provider.connectors.requests import SchemaRequest
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.project import PIPELINES_FOLDER, Project

ACTIONS = ("test", "discover")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="show one connector; or `test` or `discover`")
    parser.add_argument("conn_id", nargs="?", metavar="CONN_ID", help="test, discover: the connection")
    parser.add_argument("--schema", help="discover: list the tables of this schema")
    parser.add_argument("--table", help="discover: list the columns of this table")
    parser.add_argument("--search", default="", help="discover: only names that hold this, case does not count")
    parser.add_argument("--offset", type=int, default=0, help="discover: leave out so many (%(default)s)")
    parser.add_argument("--limit", type=int, default=200, help="discover: at most so many (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print what is asked for.

    Raises:
        AuthorError: DF-CONN-003 when there is no such connector; DF-CLI-003 when a connection is named or left out
            against the action.
    """
    if args.name in ACTIONS:
        if args.conn_id is None:
            hint = f"Write `dataflow connectors {args.name} CONN_ID`."
            raise AuthorError("DF-CLI-003", f"`{args.name}` needs the id of a connection", hint=hint)
        return _test(args) if args.name == "test" else _discover(args)
    if args.conn_id is not None:
        raise AuthorError("DF-CLI-003", f"`{args.name}` is no action", hint="Write `test` or `discover`.")
    return _list(args) if args.name is None else _show(args)


def _project() -> Project:
    here = Path.cwd()
    found = next((folder for folder in (here, *here.parents) if (folder / PIPELINES_FOLDER).is_dir()), here)
    return Project.of(found / PIPELINES_FOLDER / "_")


def _test(args: argparse.Namespace) -> int:
    project = _project()
    found = inspect_connection(command_connections(project).get(args.conn_id), project.file_roots)
    if args.json:
        print_json(asdict(found))
    elif found.ok:
        sys.stdout.write(f"{found.message} ({found.seconds:.3f} s)\n")
    else:
        hint = f"\n  hint: {found.hint}" if found.hint else ""
        sys.stderr.write(f"error {found.code} {found.message}{hint}\n")
    return 0 if found.ok else 1


def _discover(args: argparse.Namespace) -> int:
    project = _project()
    request = SchemaRequest(None, args.schema, args.table, args.search, max(args.offset, 0), max(args.limit, 1))
    page = discover_connection(command_connections(project).get(args.conn_id), request, project.file_roots)
    if args.json:
        print_json({"entries": [asdict(one) for one in page.entries], "more": page.more})
        return 0
    for one in page.entries:
        facts = [one.type, "not null" if one.nullable is False else None, f"key {one.key}" if one.key else None]
        facts += [f"about {one.rows} rows" if one.rows is not None else None]
        sys.stdout.write(f"{one.kind:<8} {one.name:<30} {', '.join(fact for fact in facts if fact)}".rstrip() + "\n")
    if page.more:
        sys.stdout.write(f"… more: --offset {request.offset + request.limit}\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    connectors = [manifest_json(one) for one in REGISTRY.manifests()]
    broken = [{"name": one.name, "value": one.value, "reason": one.reason} for one in REGISTRY.broken()]
    if args.json:
        print_json({"connectors": connectors, "broken": broken})
        return 0
    for one in connectors:
        sys.stdout.write(f"{one['name']:<12} {one['maturity']:<16} {one['category']:<11} {one['label']}\n")
    for fault in broken:
        sys.stdout.write(f"{fault['name']:<12} cannot be used: {fault['reason']}\n")
    return 0


def _show(args: argparse.Namespace) -> int:
    described = manifest_json(REGISTRY.manifest(args.name))
    if args.json:
        print_json({"connector": described})
    else:
        _print_one(described)
    return 0


def _print_one(one: ConnectorJson) -> None:
    tested = f" ({one['tested_on']})" if one["tested_on"] else ""
    lines = [
        f"{one['label']} ({one['name']} {one['version']}): {one['description']}",
        f"maturity       {one['maturity']}{tested}",
        f"connections    {', '.join(one['connection_types']) or 'none needed'}",
        f"capabilities   {', '.join(one['capabilities']) or 'none'}",
        f"docs           {one['docs']}",
    ]
    if one["package"]:
        lines.append(f"install        pip install 'dataflow-ai[{one['package']}]'")
    for field in one["fields"]:
        required = ", required" if field["required"] else ""
        lines.append(f"  form  {field['name']:<14} {field['label']}{required}")
    for kind, fields in one["nodes"].items():
        lines += [f"{kind}", *(f"  {field['name']:<14} {field['description']}" for field in fields)]
    sys.stdout.write("\n".join(lines) + "\n")
