"""`dataflow demo`: starts an Airflow of its own with sample data and pipelines, runs two, and stays until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataflow_provider.cli.output import print_json
from dataflow_provider.demo.telecom import DEFAULT_CDRS, TelecomSize
from dataflow_provider.demo.tour import DemoOptions, find_project, run_demo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="stop after the shown runs; exit 0 when they succeeded")
    parser.add_argument("--port", type=_port, metavar="P", help="port of the web server; the first free one from 8080")
    parser.add_argument("--home", type=Path, metavar="DIR", help="where the demo keeps all its files; PROJECT/.demo")
    parser.add_argument("--project", type=Path, metavar="DIR", help="folder that holds yaml_pipelines; this clone")
    parser.add_argument(
        "--size", type=_count, default=DEFAULT_CDRS, metavar="N", help=f"how many CDRs to generate; {DEFAULT_CDRS}"
    )
    parser.add_argument(
        "--pipelines",
        type=_count,
        default=0,
        metavar="N",
        help="add N copies of Hello World, to see a full installation",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")


def run(args: argparse.Namespace) -> int:
    options = DemoOptions(
        project=find_project(args.project),
        home=args.home,
        port=args.port,
        size=TelecomSize(cdrs=args.size),
        extra_pipelines=args.pipelines,
        once=args.once,
        browser=not args.no_browser,
    )
    tour = run_demo(options, sys.stderr if args.json else sys.stdout)
    if args.json:
        print_json(tour.to_json())
    return 0


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 100_000_000:
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number from 1 to 100000000")
    return number


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"`{text}` is no port; ports go from 1 to 65535")
    return number
