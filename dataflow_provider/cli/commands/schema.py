"""`dataflow schema`: the JSON Schema of pipeline files, for editors."""

from __future__ import annotations

import argparse

from dataflow_provider.cli.output import print_json
from dataflow_provider.spec.json_schema import installed_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The output is JSON with and without --json."


def run(args: argparse.Namespace) -> int:
    """Print the schema; the JSON is the schema itself."""
    print_json(installed_schema())
    return 0
