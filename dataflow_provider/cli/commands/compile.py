"""`dataflow compile PATH`: the stages of a pipeline and their SQL, without a database. Exit 1 when it is refused."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_provider.cli.commands.validate import validate_paths
from dataflow_provider.cli.output import print_json
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.example_values import EXAMPLE_INTERVAL, example_values
from dataflow_provider.execution.values import parse_interval
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, has_errors
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.project import Project

if TYPE_CHECKING:
    from dataflow_provider.compiler.compiled import Kept
    from dataflow_provider.compiler.offline import OfflineStage


Kinds = Mapping[str, Mapping[str, str]]
"""`node` or `node.port` → column → what is known of its type."""


@dataclass(frozen=True)
class _Shown:
    """One stage with everything it runs; `note` says what cannot be known before it does."""

    stage: Stage
    dialect: str
    kept: tuple[Kept, ...]
    steps: tuple[Step, ...]
    note: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file")
    parser.add_argument("--dialect", metavar="D", help="make the SQL for this engine instead of each connection's own")
    parser.add_argument(
        "--param", metavar="K=V", type=_parameter, action="append", default=[], help="value of a parameter; repeatable"
    )
    parser.add_argument("--interval", metavar="A/B", help="data interval to bind; by default an example day")


def run(args: argparse.Namespace) -> int:
    """Print every stage, why it ends where it does, and its statements.

    JSON: `{"pipeline", "stages": [{"id", "connection", "dialect", "nodes": [id…], "rule", "reason",
    "kept": [{"node", "port", "rule", "reason"}], "statements": [sql…], "note"}], "findings": [finding…]}`. What is
    refused prints `{"ok": false, "error", "findings"}`.
    """
    files, findings = validate_paths([args.path])
    if has_errors(findings):
        raise InvalidPipelineError(findings)
    if len(files) != 1:
        raise AuthorError("DF-CLI-020", f"`{args.path}` holds {len(files)} pipelines", hint="Name one pipeline file.")
    loaded, pipeline = files[0], files[0].require()
    interval = parse_interval(args.interval) if args.interval else EXAMPLE_INTERVAL
    values = example_values(pipeline, Project.of(args.path), interval, dict(args.param))
    plan, shown = _compile(loaded, values, args.dialect)
    kinds = _kinds(plan, Project.of(args.path))
    if args.json:
        print_json(_as_json(plan, shown, kinds, findings))
    else:
        sys.stdout.write(_as_text(plan, shown, kinds))
    return 0


def _parameter(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return name, value


def _compile(loaded: Loaded, values: RunValues, dialect: str | None) -> tuple[Plan, list[_Shown]]:
    """Return the plan and its stages with their statements.

    Raises:
        InvalidPipelineError: with the place of everything that is refused.
    """
    # Imported late: sqlglot costs more than everything else here, and a refused file does not need it.
    from dataflow_provider.compiler.offline import compile_offline

    try:
        plan, stages = compile_offline(loaded.require(), values, dialect)
    except CompileError as error:
        raise InvalidPipelineError(loaded.finding(problem) for problem in error.problems) from error
    return plan, [_shown(one) for one in stages]


def _shown(one: OfflineStage) -> _Shown:
    compiled = one.compiled
    steps = [step for step in compiled.steps if step.kind != "cleanup"]
    steps += one.publish or ()
    steps += [step for step in compiled.steps if step.kind == "cleanup"]
    note = _note(compiled.dialect, compiled.target is not None, one.publish)
    return _Shown(one.stage, compiled.dialect, compiled.kept, tuple(steps), note)


def _kinds(plan: Plan, project: Project) -> Kinds:
    from dataflow_provider.compiler.inference import infer_schemas
    from dataflow_provider.execution.file_columns import file_columns

    return infer_schemas(plan.pipeline, plan.graph, file_columns(plan.pipeline, project)).kinds


def _note(dialect: str, is_table: bool, publish: tuple[Step, ...] | None) -> str | None:
    notes = []
    if not get_dialect(dialect).live_tested:
        notes.append(f"The SQL for `{dialect}` was not run against a live server.")
    if is_table and publish is None:
        notes.append("The publish names every column; they are looked up when the stage runs.")
    return " ".join(notes) or None


# ---------------------------------------------------------------- printing


def _as_json(plan: Plan, shown: list[_Shown], kinds: Kinds, findings: list[Finding]) -> dict[str, Any]:
    return {
        "pipeline": plan.pipeline.id,
        "stages": [
            {
                "id": one.stage.id,
                "connection": one.stage.connection,
                "dialect": one.dialect,
                "nodes": list(one.stage.nodes),
                "rule": one.stage.rule,
                "reason": one.stage.reason,
                "kept": [
                    {"node": kept.node, "port": kept.port, "rule": kept.rule, "reason": kept.reason}
                    for kept in one.kept
                ],
                "statements": [step.sql for step in one.steps],
                "columns": {key: kinds[key] for key in kinds if key.partition(".")[0] in one.stage.nodes},
                "note": one.note,
            }
            for one in shown
        ],
        "findings": [finding.to_json() for finding in findings],
    }


def _as_text(plan: Plan, shown: list[_Shown], kinds: Kinds) -> str:
    lines = [f"-- pipeline {plan.pipeline.id}: {len(shown)} stage{'' if len(shown) == 1 else 's'}", ""]
    for number, one in enumerate(shown, 1):
        stage = one.stage
        lines += [
            f"-- stage {number} of {len(shown)}: {stage.id} on {stage.connection} ({one.dialect})",
            f"--   nodes: {', '.join(stage.nodes)}",
            f"--   ends here ({stage.rule}): {stage.reason}",
        ]
        for kept in one.kept:
            name = kept.node if kept.port is None else f"{kept.node}.{kept.port}"
            lines.append(f"--   keeps {name} ({kept.rule}): {kept.reason}")
        if stage.upstream:
            lines.append(f"--   after: {', '.join(stage.upstream)}")
        lines += [_columns_line(key, kinds[key]) for key in kinds if key.partition(".")[0] == stage.id]
        lines.append("")
        for step in one.steps:
            lines += [f"-- {_title(step)}", f"{step.sql};", ""]
        if one.note:
            lines += [f"-- {one.note}", ""]
    return "\n".join(lines)


def _columns_line(key: str, columns: Mapping[str, str]) -> str:
    """Return what is known of the rows that a stage keeps; `?` where the type is not."""
    return f"--   {key}: " + ", ".join(f"{name} {kind or '?'}" for name, kind in columns.items())


def _title(step: Step) -> str:
    node = step.node if step.port is None else f"{step.node}.{step.port}"
    title = f"{step.kind} {node}" if step.node else step.kind
    if step.kind == "measure":
        return f"{title}: {step.figure}"
    return f"{title}: {step.message}" if step.message else title
