"""`dataflow watermark show|reset PATH|ID`: how far incremental sources were read, and reading them anew."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from dataflow_provider.cli.airflow_connections import is_airflow_configured, pipeline_connections
from dataflow_provider.cli.commands.run import placed
from dataflow_provider.cli.output import print_json
from dataflow_provider.cli.paths import find_pipeline_file
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.windows import Watermark, bound_text
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.resetting import KeptMark, Places, find_marks, reset_mark, watermark_to
from dataflow_provider.execution.watermarks import FileWatermarks, WatermarkPlace
from dataflow_provider.hooks.metadata_watermarks import DatabaseWatermarks
from dataflow_provider.spec.findings import InvalidPipelineError
from dataflow_provider.spec.loader import Loaded, load_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

LOCAL, AIRFLOW = "local", "airflow"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show", "reset"), help="show: print them; reset: set them anew")
    parser.add_argument("pipeline", metavar="PATH|ID", help="pipeline file, or the pipeline's id")
    parser.add_argument("--node", metavar="N", help="one source; all of the pipeline when omitted")
    parser.add_argument(
        "--to", metavar="VALUE", help="reset: go on after this value; when omitted, read from the start"
    )
    parser.add_argument(
        "--in", dest="kept_in", choices=(LOCAL, AIRFLOW), help="those of `dataflow run`, or of tasks; both when omitted"
    )
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Print what is kept, or set it anew.

    JSON: `{"pipeline", "watermarks": [{"node", "column", "kind", "value", "kept_in", "frozen_runs"}], "findings"}`; of
    `reset` also `"before"` in each, the value that was there.
    """
    if args.action == "show" and args.to is not None:
        args.usage_error("`show` takes no `--to`; write `dataflow watermark reset`")
    loaded = load_pipeline(find_pipeline_file(args.pipeline))
    pipeline = loaded.pipeline
    if pipeline is None:
        raise InvalidPipelineError(loaded.findings)
    project = Project.of(find_pipeline_file(args.pipeline))
    places = _places(project, pipeline, args.kept_in)
    marks = find_marks(pipeline, places, args.node)
    if args.action == "show":
        documents = [mark.to_json() for mark in marks]
    else:
        documents = _reset(args.to, loaded, pipeline, project, places, marks)
    if args.json:
        print_json({"pipeline": pipeline.id, "watermarks": documents, "findings": []})
    else:
        _print(documents)
    return 0


def _reset(
    text: str | None,
    loaded: Loaded,
    pipeline: Pipeline,
    project: Project,
    places: Places,
    marks: list[KeptMark],
) -> list[dict[str, Any]]:
    to = None if text is None else _wanted(text, loaded, pipeline, project, marks)
    documents: list[dict[str, Any]] = []
    for mark in marks:
        # A source that nobody has read yet is set where the first place is.
        place = mark.kept_in or (None if to is None else next(iter(places)))
        if place is not None:
            reset_mark(places[place], mark.node, to)
        after = KeptMark(mark.node, mark.column if to is None else to.column, place, to)
        before = None if mark.mark is None else bound_text(mark.mark.value)
        documents.append({**after.to_json(), "before": before})
    return documents


def _places(project: Project, pipeline: Pipeline, only: str | None) -> Places:
    """Return where watermarks may be; Airflow's only where one is configured, or when it is asked for."""
    places: dict[str, WatermarkPlace] = {}
    if only != AIRFLOW:
        places[LOCAL] = FileWatermarks.of(project, pipeline.id)
    if only == AIRFLOW or (only is None and is_airflow_configured()):
        places[AIRFLOW] = DatabaseWatermarks(pipeline.id)
    return places


def _wanted(text: str, loaded: Loaded, pipeline: Pipeline, project: Project, marks: list[KeptMark]) -> Watermark:
    nodes = list(dict.fromkeys(mark.node for mark in marks))
    if len(nodes) != 1:
        listed = ", ".join(f"`{node}`" for node in nodes) or "none"
        raise AuthorError(
            "DF-RUN-089",
            f"`--to` is a value of one source, and `{pipeline.id}` has {listed}",
            hint="Name one with `--node`.",
        )
    try:
        plan = plan_pipeline(loaded.require())
    except CompileError as error:
        raise placed(error, loaded, []) from error
    known = next((mark.mark for mark in marks if mark.mark is not None), None)
    return watermark_to(plan, nodes[0], text, known, pipeline_connections(project), project)


def _print(documents: list[dict[str, Any]]) -> None:
    if not documents:
        sys.stdout.write("no source is read incrementally\n")
    for one in documents:
        column = f"{one['column']} " if one["column"] else ""
        value = "not read yet" if one["value"] is None else f"{column}= {one['value']}"
        told = [value]
        if "before" in one:
            told.append(f"was {one['before'] or 'not read'}")
        if one["kept_in"]:
            told.append(f"kept in {one['kept_in']}")
        if one["frozen_runs"]:
            told.append(f"{one['frozen_runs']} runs can be tried again")
        sys.stdout.write(f"{one['node']}: {', '.join(told)}\n")
