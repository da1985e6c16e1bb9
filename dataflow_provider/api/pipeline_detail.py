"""The page of one pipeline: summary, text, graph, run form and findings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from dataflow_provider.api.catalog import Listing
from dataflow_provider.api.catalog_page import build_summary
from dataflow_provider.api.datamodels import Finding, ParamField, ParamValue, PipelineDetail, PipelineState
from dataflow_provider.api.definitions import Definition, load_from_disk
from dataflow_provider.api.graphs import build_graph
from dataflow_provider.spec.findings import Finding as SpecFinding
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import Scalar


def build_detail(session: Session, row: Listing, definition: Definition | None, *, with_sql: bool) -> PipelineDetail:
    """Return the page; while the file is broken, text and findings are those of now, the graph is that of before."""
    pipeline = definition.pipeline if definition else None
    present = load_from_disk(row.id) if row.state is PipelineState.INVALID else definition
    shown = present or definition
    findings = row.broken or ()
    if shown is not None and (row.broken is None or shown.plan is None):
        findings = shown.findings  # from the text itself: they have hints, an import error's text does not
    return PipelineDetail(
        summary=build_summary(session, row),
        yaml=_shown_text(shown.text) if shown and with_sql else None,
        graph=build_graph(definition, with_sql=with_sql) if definition and pipeline else None,
        params=build_params(pipeline) if pipeline else [],
        findings=[_finding(finding) for finding in findings],
        doc=pipeline.description if pipeline else None,
    )


def build_params(pipeline: Pipeline) -> list[ParamField]:
    """Return the fields of the run form; a default is as the form sends it, dates as ISO text."""
    return [
        ParamField(
            name=name,
            type=param.type,
            default=form_value(param.default, param.type),
            required=param.default is None,
            description=param.description,
        )
        for name, param in pipeline.params.items()
    ]


def form_value(value: Scalar, kind: str) -> ParamValue:
    """Return a parameter's value as JSON has it; a naive timestamp is UTC and says so."""
    if kind == "timestamp" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _finding(finding: SpecFinding) -> Finding:
    return Finding.model_validate(finding.to_json())


def _shown_text(text: str) -> str:
    """Bytes that are no UTF-8 came as lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
