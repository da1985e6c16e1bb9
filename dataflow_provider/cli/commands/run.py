"""`dataflow run PATH`: runs a pipeline here and now, on the stage code of the operators. Exit 1 when a stage fails."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from dataflow_provider.cli.airflow_connections import is_airflow_configured, pipeline_connections
from dataflow_provider.cli.commands.validate import validate_paths
from dataflow_provider.cli.output import print_json
from dataflow_provider.compiler.cut import cut_plan
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.feeding import incremental_sources
from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.execution.frozen import has_begun, start_run
from dataflow_provider.execution.incremental import freeze_windows, whole_reads
from dataflow_provider.execution.live_check import check_live
from dataflow_provider.execution.pipeline import StageOutcome, run_pipeline
from dataflow_provider.execution.progress import require_checkpoint
from dataflow_provider.execution.results import NodeResult, RunResult, StageResult, error_json
from dataflow_provider.execution.values import Interval, parse_interval
from dataflow_provider.execution.watermarks import FileWatermarks
from dataflow_provider.hooks.metadata_watermarks import DatabaseWatermarks
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Problem, Severity, has_errors
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file")
    add_values(parser)
    parser.add_argument("--run-id", metavar="ID", help="name of the run; one used before is a retry of that run")
    parser.add_argument(
        "--from-checkpoint", action="store_true", help="go on where the run failed: what is done is not done again"
    )
    parser.add_argument(
        "--node", metavar="N", help="only this node and those before it; publishes only if it is a target"
    )
    parser.set_defaults(usage_error=parser.error)
    parser.add_argument("--verbose", action="store_true", help="log every statement to stderr")


def add_values(parser: argparse.ArgumentParser) -> None:
    """The arguments that give the values which SQL binds."""
    parser.add_argument(
        "--param", metavar="K=V", type=_parameter, action="append", default=[], help="value of a parameter; repeatable"
    )
    parser.add_argument(
        "--interval", metavar="A/B", type=_interval, help="data interval, end exclusive; dates or times, UTC"
    )


def run(args: argparse.Namespace) -> int:
    """Validate, run, and print what happened to every node.

    JSON: `{"run_id", "state", "seconds", "nodes": [{"id", "rows_in", "rows_out", "rows_rejected", "seconds", "bytes"}],
    "stages": [{"id", "state", "seconds", "reused", "transfers"}], "error", "findings"}`; `state` is success, warning or
    failed. A run that fails before it starts has `state`, `error` and `findings` only.
    """
    if args.from_checkpoint and args.run_id is None:
        args.usage_error("`--from-checkpoint` goes on with a run: name it with `--run-id`")
    findings: list[Finding] = []
    try:
        with logged(verbose=args.verbose), stoppable():
            result = _run(args, _load(args.path, findings), findings)
    except DataflowError as error:
        if not args.json:
            raise
        print_json({"state": "failed", "error": error_json(error), "findings": _as_json(findings)})
        return 1
    if args.json:
        print_json({**result.to_json(), "findings": _as_json(findings)})
    else:
        _print_end(result, findings)
    return 1 if result.state == "failed" else 0


def one_file(path: Path) -> tuple[list[Loaded], list[Finding]]:
    """Return the file at the path, none when there is none, and everything found in it.

    Raises:
        AuthorError: when the path is a folder.
    """
    if path.is_dir():
        raise AuthorError("DF-RUN-061", f"`{path}` is a folder", hint="Name one pipeline file.")
    return validate_paths([path])


def _load(path: Path, findings: list[Finding]) -> Loaded:
    """Return the one valid pipeline at the path; everything found is added to `findings`.

    Raises:
        InvalidPipelineError: when a finding is an error.
        AuthorError: when the path is not one file.
    """
    files, found = one_file(path)
    findings += found
    if has_errors(found):
        raise InvalidPipelineError(found)
    return files[0]


def _run(args: argparse.Namespace, loaded: Loaded, findings: list[Finding]) -> RunResult:
    pipeline, project = loaded.require(), Project.of(args.path)
    try:
        plan = plan_pipeline(pipeline)
    except CompileError as error:
        raise placed(error, loaded, findings) from error
    if args.node is not None:
        plan = cut_plan(plan, args.node)
    if args.from_checkpoint:
        require_checkpoint(pipeline, project, args.run_id)
    again = has_begun(pipeline, project, args.run_id)
    values = start_run(
        pipeline, project, now=datetime.now(UTC), run_id=args.run_id, interval=args.interval, params=dict(args.param)
    )
    connections = pipeline_connections(project)
    _judge(plan, values, connections, project, loaded, findings)
    store = FileWatermarks.of(project, pipeline.id)
    sources = incremental_sources(plan, [stage.id for stage in plan.stages])
    values, remarks = freeze_windows(plan, values, connections, project, store, sources, again=again)
    reads = FileWatermarks.reads_of(project, pipeline.id)
    values, _ = freeze_windows(plan, values, connections, project, reads, whole_reads(plan), again=again)
    findings += [loaded.finding(problem) for problem in (*remarks, *_also_in_airflow(pipeline, sources))]
    show = _Progress(plan, quiet=args.json)
    result = run_pipeline(
        plan, values, connections, project, show.on_stage, store,
        from_checkpoint=args.from_checkpoint, is_part=args.node is not None,
    )  # fmt: skip
    for stage in result.stages:
        findings += [loaded.finding(problem) for problem in stage.problems]
    for failure in result.errors.values():
        if isinstance(failure, CompileError):
            findings += [loaded.finding(problem) for problem in failure.problems]
    return result


def _also_in_airflow(pipeline: Pipeline, sources: Sequence[str]) -> list[Problem]:
    """Return a warning for each source that tasks read from a watermark of their own."""
    if not sources or not is_airflow_configured():
        return []
    try:
        kept = DatabaseWatermarks(pipeline.id).nodes()
        told = dict.fromkeys(kept, "Airflow keeps a watermark of it too, and neither moves the other's")
    except DataflowError as error:
        told = {sources[0]: error.message}
    hint = "Run the pipeline in one place; `dataflow watermark` shows and resets both."
    return [
        Problem("DF-RUN-086", ("nodes", node, "incremental"), f"`{node}`: {told[node]}", hint, Severity.WARNING)
        for node in sources
        if node in told
    ]


def _judge(
    plan: Plan, values: RunValues, connections: Connections, project: Project, loaded: Loaded, findings: list[Finding]
) -> None:
    """Let the databases judge every stage, so that a mistake in the last one is told before the first moves a row.

    Raises:
        InvalidPipelineError: with all their findings.
    """
    found = [loaded.finding(problem) for problem in check_live(plan, values, connections, project).problems]
    if has_errors(found):
        findings += [one for one in found if one not in findings]
        raise InvalidPipelineError(found)


def placed(error: CompileError, loaded: Loaded, findings: list[Finding]) -> InvalidPipelineError:
    """Return the error with its problems as findings of the file, which are added to `findings`."""
    found = [loaded.finding(problem) for problem in error.problems]
    findings += found
    return InvalidPipelineError(found)


def _as_json(findings: list[Finding]) -> list[Any]:
    return [finding.to_json() for finding in findings]


# ---------------------------------------------------------------- arguments and signals


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"`{text}` is not `name=value`")
    return name, value


def _interval(text: str) -> Interval:
    try:
        return parse_interval(text)
    except AuthorError as error:
        raise argparse.ArgumentTypeError(f"{error.message} {error.hint}") from error


@contextmanager
def stoppable() -> Iterator[None]:
    """Stopping the run from outside is the same as Ctrl-C: the statement is cancelled, its transaction undone."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def logged(*, verbose: bool) -> Iterator[None]:
    """Our log goes to stderr: waiting in line is always told, statements only when asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    levels = {
        "dataflow_provider": logging.DEBUG if verbose else logging.ERROR,
        "dataflow_provider.connectors.lock": logging.INFO,
    }
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("dataflow_provider").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("dataflow_provider").removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


# ---------------------------------------------------------------- text for people


class _Progress:
    """Prints a block of lines for each stage as it ends."""

    def __init__(self, plan: Plan, *, quiet: bool) -> None:
        self._quiet = quiet
        self._width = max(len(node) for node in plan.graph.nodes) + 2
        if not quiet:
            sys.stdout.write(f"{'node':<{self._width}}{'rows in':>12}{'rows out':>12}{'rejected':>12}{'seconds':>10}\n")

    def on_stage(self, stage: str, outcome: StageOutcome) -> None:
        if self._quiet:
            return
        if isinstance(outcome, StageResult):
            for node in outcome.nodes:
                sys.stdout.write(self._line(node, last=node.id == stage, reused=outcome.reused))
        elif outcome is None:
            sys.stdout.write(f"{stage:<{self._width}}not run: a stage before it failed\n")
        else:
            sys.stdout.write(f"{stage:<{self._width}}FAILED\n")
        sys.stdout.flush()

    def _line(self, node: NodeResult, *, last: bool, reused: bool) -> str:
        counts = (node.rows_in, node.rows_out, node.rows_rejected)
        seconds = f"{'reused' if reused else f'{node.seconds:.2f}':>10}" if last else ""
        return f"{node.id:<{self._width}}{''.join(_count(count) for count in counts)}{seconds}".rstrip() + "\n"


def _count(rows: int | None) -> str:
    return f"{'' if rows is None else f'{rows:,}':>12}"


def _print_end(result: RunResult, findings: list[Finding]) -> None:
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    for stage, error in result.errors.items():
        if not isinstance(error, CompileError):
            sys.stderr.write(f"error in stage {stage}: {error}\n")
    sys.stdout.write(f"{result.state} run_id={result.run_id} seconds={result.seconds:.2f}\n")
