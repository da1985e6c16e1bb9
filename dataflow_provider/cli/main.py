"""The door of the command line: finds the command, runs it, prints our errors and sets the exit code.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted. Starting up imports the called command only.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from dataflow_provider.cli.output import print_error
from dataflow_provider.errors import DataflowError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run a pipeline here and now, without a scheduler", "dataflow_provider.cli.commands.run"),
    "validate": ("check pipeline files and print the findings", "dataflow_provider.cli.commands.validate"),
    "compile": ("show the stages of a pipeline and their SQL", "dataflow_provider.cli.commands.compile"),
    "preview": ("show some real rows of any node", "dataflow_provider.cli.commands.preview"),
    "profile": ("say what the values of a node are like", "dataflow_provider.cli.commands.profile"),
    "lineage": ("show where the columns of a pipeline come from", "dataflow_provider.cli.commands.lineage"),
    "connectors": ("list the connectors and what they can do", "dataflow_provider.cli.commands.connectors"),
    "convert": (
        "turn a SELECT into a pipeline of nodes, or a pipeline into SQL",
        "dataflow_provider.cli.commands.convert",
    ),
    "ai": ("propose the query of a node, or suggest quality rules and mappings", "dataflow_provider.cli.commands.ai"),
    "diagnose": ("say why a task failed and what to do, from its log", "dataflow_provider.cli.commands.diagnose"),
    "fmt": ("format pipeline files, keeping every comment", "dataflow_provider.cli.commands.fmt"),
    "new": ("write a new pipeline file, or a connector, to start from", "dataflow_provider.cli.commands.new"),
    "demo": ("start Airflow with sample data and pipelines", "dataflow_provider.cli.commands.demo"),
    "next": ("say when a pipeline runs next", "dataflow_provider.cli.commands.next"),
    "backfill": ("run a pipeline for past intervals", "dataflow_provider.cli.commands.backfill"),
    "clean": ("drop kept rows of runs that nobody comes back for", "dataflow_provider.cli.commands.clean"),
    "backfills": (
        "list the backfills of a pipeline; pause or cancel one",
        "dataflow_provider.cli.commands.backfills",
    ),
    "cancel": ("end a run, and its statements", "dataflow_provider.cli.commands.cancel"),
    "watermark": ("show how far sources were read, or set it anew", "dataflow_provider.cli.commands.watermark"),
    "roles": ("put the product's roles into Airflow's FAB", "dataflow_provider.cli.commands.roles"),
    "schema": ("print the JSON Schema of pipeline files", "dataflow_provider.cli.commands.schema"),
}


class CommandParser(argparse.ArgumentParser):
    """The parser of one command; imports the command's module when its arguments are first needed."""

    def __init__(self, *, module: str, **options: Any) -> None:
        super().__init__(**options)
        self._module: str | None = module

    def _complete(self) -> None:
        if self._module is None:
            return
        command, self._module = import_module(self._module), None
        command.add_arguments(self)
        self.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        self.set_defaults(run_command=command.run)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._complete()
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        self._complete()
        return super().format_help()


def add_to(subparsers: Any) -> None:
    """Every command stands in `subparsers`, which was made with `parser_class=CommandParser`.

    The parsed namespace then goes to `run_parsed`.
    """
    for name, (summary, module) in COMMANDS.items():
        subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", module=module)


def build_parser(prog: str = "dataflow") -> argparse.ArgumentParser:
    """Return the parser of the whole command line, shown as `prog` in its messages."""
    parser = argparse.ArgumentParser(prog=prog, description="ETL pipelines as YAML on Apache Airflow.")
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands", parser_class=CommandParser
    )
    add_to(subparsers)
    return parser


def run_parsed(args: argparse.Namespace) -> int:
    """Run the command of a parsed namespace and return the exit code; our errors are printed, never raised."""
    try:
        return int(args.run_command(args))
    except DataflowError as error:
        print_error(error, as_json=args.json)
        return EXIT_FAILED
    except (KeyboardInterrupt, RuntimeError) as error:
        # A short statement of DuckDB's, in the main thread, takes Ctrl-C for itself and says only this.
        if isinstance(error, RuntimeError) and str(error) != "Query interrupted":
            raise
        sys.stderr.write("interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has left; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def main(argv: Sequence[str] | None = None, prog: str = "dataflow") -> int:
    """Run one command line and return its exit code; wrong usage ends by `SystemExit(2)` as argparse does."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser(prog)
    _refuse_unknown_command(parser, arguments)
    return run_parsed(parser.parse_args(arguments))


def _refuse_unknown_command(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Argparse would list every command; the likely one is more help."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in COMMANDS:
        return
    from dataflow_provider.spec.suggestions import did_you_mean

    hint = did_you_mean(arguments[0], COMMANDS) or f"See `{parser.prog} --help`."
    parser.error(f"unknown command `{arguments[0]}`. {hint}")


if __name__ == "__main__":
    sys.exit(main())
