"""Any SELECT of a dialect as a pipeline file: a graph of nodes, SQL nodes only where no nodes say exactly the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dataflow_provider.compiler.check import check_pipeline
from dataflow_provider.compiler.decompile.drafts import Rows
from dataflow_provider.compiler.decompile.emit import emit_field, emit_node, scalar
from dataflow_provider.compiler.decompile.normalise import Describe, Normal, normalise
from dataflow_provider.compiler.decompile.params import param_types
from dataflow_provider.compiler.decompile.query import keep_whole, keep_written, plan_query, reads_part_of_table
from dataflow_provider.compiler.decompile.scope import Kept, Planner
from dataflow_provider.compiler.decompile.spelling import Spelling
from dataflow_provider.compiler.sqltext import parse_query
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.spec.findings import Problem, Severity, has_errors
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.models import ParamType

RESULT = "result"
UNRESOLVED = "its names could not be resolved without changing how often something random is computed, or at all"


@dataclass(frozen=True)
class Origin:
    """What the SQL itself does not say: which connection it runs on, and what the pipeline is to be called."""

    pipeline_id: str
    connection: str
    connector: str
    dialect: SqlDialect
    target: str | None = None


@dataclass(frozen=True)
class Decompiled:
    """A pipeline's text, and a problem for each part that stays SQL."""

    text: str
    problems: tuple[Problem, ...]


def decompile_query(text: str, origin: Origin, describe: Describe) -> Decompiled:
    """Return the query as a pipeline file.

    Raises:
        SqlTextError: when the text is not one readable query.
    """
    query = parse_query(text, origin.dialect)
    in_part = reads_part_of_table(query)
    normal = normalise(query, origin.dialect, describe)
    params = param_types(normal.query)
    planner = Planner(Spelling(origin.dialect), origin.connector, normal.tables, plan_query)
    if in_part:
        return _finish(planner, keep_written(planner, text, normal, RESULT), normal, origin, params)
    if not normal.qualified:
        rows = keep_whole(planner, normal.query, RESULT, UNRESOLVED, as_written=True)
        return _finish(planner, Rows(rows.draft, normal.outputs or rows.columns), normal, origin, params)
    made = _finish(planner, planner.query(normal.query, {}, RESULT), normal, origin, params)
    refused = _first_error(made.text, origin)
    if refused is None:
        return made
    planner = Planner(Spelling(origin.dialect), origin.connector, normal.tables, plan_query)
    reason = f"its nodes would be refused: {refused}"
    return _finish(planner, keep_whole(planner, normal.query, RESULT, reason), normal, origin, params)


def _first_error(text: str, origin: Origin) -> str | None:
    """Return why the pipeline would not compile; None when it would."""
    loaded = parse_pipeline(text, f"{origin.pipeline_id}.yaml")
    if loaded.pipeline is None or has_errors(loaded.findings):
        return next(finding.message for finding in loaded.findings if finding.severity is Severity.ERROR)
    errors = [problem for problem in check_pipeline(loaded.pipeline) if problem.severity is Severity.ERROR]
    return errors[0].message if errors else None


def _finish(
    planner: Planner, rows: Rows, normal: Normal, origin: Origin, params: Mapping[str, ParamType | None]
) -> Decompiled:
    rows = _renamed(planner, rows, normal)
    answer = rows.draft
    if origin.target is not None:
        fields = {"table": origin.target, "write": {"mode": "overwrite"}, "create": {"if_missing": True}}
        planner.drafts.add(f"target.{origin.connector}", f"to_{origin.target.rpartition('.')[2]}", fields, [rows.draft])
    ids = planner.drafts.name()
    nodes = "".join(emit_node(ids[id(draft)], draft, ids) for draft in planner.drafts.nodes)
    untold = [name for name, kind in params.items() if kind is None]
    head = _head(origin, params)
    problems = (
        *map(_guessed, untold),
        *(_numbered(old, new, ids[id(answer)]) for old, new in normal.renamed),
        *(_problem(kept, ids) for kept in planner.kept),
    )
    return Decompiled(f"{head}nodes:\n{nodes}", problems)


def _renamed(planner: Planner, rows: Rows, normal: Normal) -> Rows:
    """Give the result's columns the capitals they were written with."""
    if not normal.outputs or normal.outputs == rows.columns:
        return rows
    columns = [
        old if old == new else {"name": old, "as": new} for old, new in zip(rows.columns, normal.outputs, strict=True)
    ]
    rows.draft.wanted = f"{RESULT}_rows"
    draft = planner.drafts.add("transform.select", RESULT, {"columns": columns}, [rows.draft])
    return Rows(draft, normal.outputs)


def _head(origin: Origin, params: Mapping[str, ParamType | None]) -> str:
    declared = {name: {"type": kind or "string"} for name, kind in params.items()}
    return "".join(
        [
            "apiVersion: dataflow/v1\nkind: Pipeline\n",
            f"id: {scalar(origin.pipeline_id)}\n",
            emit_field("params", declared, 0) if declared else "",
            f"defaults: {{connection: {scalar(origin.connection, flow=True)}}}\n",
        ]
    )


def _guessed(name: str) -> Problem:
    return Problem(
        "DF-CONV-002",
        ("params", name),
        f"the SQL does not tell the type of the parameter `{name}`; `string` stands in",
        "Set its type and, where there is one, its default.",
        severity=Severity.WARNING,
    )


def _numbered(old: str, new: str, node_id: str) -> Problem:
    return Problem(
        "DF-CONV-003",
        ("nodes", node_id),
        f"the query answers two columns named `{old}`; a table has one, so the later one is `{new}` here",
        "Give it a name of its own in the query.",
        severity=Severity.INFO,
    )


def _problem(kept: Kept, ids: dict[int, str]) -> Problem:
    return Problem(
        "DF-CONV-001",
        ("nodes", ids[id(kept.draft)]),
        f"this part stays SQL because {kept.reason}",
        "It runs as it is; nothing has to be done.",
        severity=Severity.INFO,
    )
