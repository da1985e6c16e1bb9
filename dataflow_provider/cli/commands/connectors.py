"""`dataflow connectors`: what this installation can connect to."""

from __future__ import annotations

import argparse
import sys

from dataflow_provider.cli.output import print_json
from dataflow_provider.connectors.describe import ConnectorJson, manifest_json
from dataflow_provider.connectors.registry import REGISTRY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="show one connector")


def run(args: argparse.Namespace) -> int:
    """Print the connectors. JSON: `{"connectors": […], "broken": […]}`, or `{"connector": {…}}` for one.

    Raises:
        AuthorError: DF-CONN-003 when there is none of that name.
    """
    if args.name:
        described = manifest_json(REGISTRY.manifest(args.name))
        if args.json:
            print_json({"connector": described})
        else:
            _print_one(described)
        return 0
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
