"""`dataflow lineage PATH`: the sources of every column of a pipeline; of a folder, which pipeline feeds which."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_provider.cli.commands.validate import validate_paths
from dataflow_provider.cli.output import print_json
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, has_errors
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.suggestions import did_you_mean, listed

if TYPE_CHECKING:
    from dataflow_provider.lineage.model import Rows
    from dataflow_provider.lineage.pipeline import PipelineLineage, SourceJson

Shown = tuple[str, str | None, "Rows"]
"""Node, port and rows, as they are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file, or a folder of them")
    parser.add_argument(
        "--column",
        metavar="C",
        action="append",
        default=[],
        help="show this column only: `name` of a target, or `node.name`; repeatable",
    )


def run(args: argparse.Namespace) -> int:
    """Print where columns come from, or which pipelines of a folder feed which.

    JSON of a file: `{"pipeline", "targets": [{"node", "connection", "dataset", rows…}], "nodes": [{"node", "port",
    rows…}], "findings"}`; rows are `"complete", "columns": [{"name", "sources": [source…]}], "rows": [source…],
    "unknown": [source…]`, a source is `{"node", "dataset", "column", "type", "subtype"}`. JSON of a folder:
    `{"pipelines", "edges", "findings"}`.
    """
    files, findings = validate_paths([args.path])
    if args.path.is_dir():
        _refuse_column(args)
        return _run_folder(args, files, findings)
    if has_errors(findings):
        raise InvalidPipelineError(findings)
    # Imported late: sqlglot costs more than everything else here, and a refused file does not need it.
    from dataflow_provider.lineage.pipeline import pipeline_lineage

    lineage = pipeline_lineage(files[0].require())
    chosen = [*_chosen(lineage, args.column)] if args.column else None
    if args.json:
        print_json(_as_json(lineage, chosen, findings))
    else:
        sys.stdout.write("\n".join(_as_text(lineage, chosen)) + "\n")
    return 0


# ---------------------------------------------------------------- one pipeline


def _chosen(lineage: PipelineLineage, wanted: Sequence[str]) -> Iterator[Shown]:
    """Yield the ports that have one of the columns, with nothing but that column.

    Raises:
        AuthorError: DF-LINE-001 for a column that no target (or not the node) has.
    """
    for text in wanted:
        node, dot, name = text.rpartition(".")
        if dot and node not in lineage.nodes:
            raise _unknown(text, f"there is no node `{node}`", did_you_mean(node, lineage.nodes))
        among = [node] if dot else list(lineage.targets)
        found = [*_with_column(lineage, among, name)]
        if not found:
            known = dict.fromkeys(
                one for other in among for rows in lineage.nodes[other].values() for one in rows.columns
            )
            raise _unknown(text, f"there is no column `{name}`; there are {listed(known)}", did_you_mean(name, known))
        yield from found


def _with_column(lineage: PipelineLineage, nodes: Iterable[str], name: str) -> Iterator[Shown]:
    for node in nodes:
        for port, rows in lineage.used_ports(node).items():
            made = rows.column(name)
            if made is not None:
                yield node, port, rows.with_columns({rows.find(name) or name: made})


def _unknown(text: str, reason: str, hint: str | None) -> AuthorError:
    hint = hint or "Write the name of a target's column, or `node.column`."
    return AuthorError("DF-LINE-001", f"the column `{text}` has no lineage: {reason}", hint=hint)


def _shown(lineage: PipelineLineage, chosen: Sequence[Shown] | None) -> list[Shown]:
    if chosen is not None:
        return list(chosen)
    return [(node, port, rows) for node in lineage.nodes for port, rows in lineage.used_ports(node).items()]


def _as_json(lineage: PipelineLineage, chosen: Sequence[Shown] | None, findings: list[Finding]) -> dict[str, Any]:
    from dataflow_provider.lineage.pipeline import rows_json

    shown = _shown(lineage, chosen)
    datasets = {node: lineage.dataset(node) for node in lineage.targets}
    return {
        "pipeline": lineage.pipeline,
        "targets": [
            {"node": node, "connection": dataset.connection, "dataset": dataset.name, **rows_json(rows)}
            for node, _, rows in shown
            if (dataset := datasets.get(node)) is not None
        ],
        "nodes": [{"node": node, "port": port, **rows_json(rows)} for node, port, rows in shown],
        "findings": [finding.to_json() for finding in findings],
    }


def _as_text(lineage: PipelineLineage, chosen: Sequence[Shown] | None) -> Iterator[str]:
    from dataflow_provider.lineage.pipeline import rows_json

    yield f"lineage of {lineage.pipeline}"
    for node, port, rows in _shown(lineage, chosen):
        dataset = lineage.dataset(node) if node in lineage.targets else None
        if chosen is None and dataset is None:
            continue
        answer = rows_json(rows)
        name = node if port is None else f"{node}.{port}"
        where = f": {dataset.name}" + (f" on {dataset.connection}" if dataset.connection else "") if dataset else ""
        yield f"\n{name}{where}"
        for column in answer["columns"]:
            yield f"  {column['name']}"
            yield from _source_lines(column["sources"], "no source column")
        if answer["unknown"]:
            yield "  (columns unknown offline)"
            yield from _source_lines(answer["unknown"], "")
        if answer["rows"]:
            yield "  (which rows, for every column)"
            yield from _source_lines(answer["rows"], "")


def _source_lines(sources: Sequence[SourceJson], none: str) -> Iterator[str]:
    if not sources and none:
        yield f"    {none}"
    for one in sources:
        yield f"    {one['subtype'].lower():<15}{one['node']}.{one['column'] or '*'}  [{one['dataset']}]"


# ---------------------------------------------------------------- a folder


def _refuse_column(args: argparse.Namespace) -> None:
    if args.column:
        raise AuthorError(
            "DF-LINE-002",
            f"`--column` speaks of one pipeline, and `{args.path}` is a folder",
            hint="Name a pipeline file.",
        )


def _run_folder(args: argparse.Namespace, files: Sequence[Loaded], findings: list[Finding]) -> int:
    from dataflow_provider.lineage.project import edges_json, lineage_between

    pipelines = [one.pipeline for one in files if one.pipeline is not None]
    lineage = lineage_between(pipelines, Project.of(Path(files[0].file)) if files else Project.of(args.path / "none"))
    if args.json:
        print_json(
            {
                "pipelines": list(lineage.pipelines),
                "edges": edges_json(lineage.edges),
                "findings": [finding.to_json() for finding in findings],
            }
        )
        return 0
    sys.stdout.write(f"lineage between {len(pipelines)} pipelines\n\n")
    for edge in lineage.edges:
        sys.stdout.write(f"{edge.writer.pipeline} → {edge.reader.pipeline}  [{edge.writer.dataset.name}]\n")
    return 0
