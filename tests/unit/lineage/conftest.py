"""Lineage written short: `{"a IDENTITY", …}` for the column `a` of whichever source has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow_provider.lineage.model import Influences, Rows
from dataflow_provider.lineage.pipeline import PipelineLineage, pipeline_lineage
from dataflow_provider.spec.models import Pipeline

CALLS = {"id": "INTEGER", "who": "VARCHAR", "seconds": "INTEGER", "begun": "TIMESTAMP"}
PLANS = {"who": "VARCHAR", "rate": "DOUBLE"}


def lineage_of(nodes: Mapping[str, Any], **top: Any) -> PipelineLineage:
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "shop", "nodes": dict(nodes), **top}
    return pipeline_lineage(Pipeline.model_validate(document))


def through(transform: Mapping[str, Any], port: str | None = None, *, schemas: bool = True) -> Rows:
    """Return the rows that a target gets behind a transform of the tables `calls` and `plans`."""
    nodes: dict[str, Any] = {
        "calls": {"type": "source.duckdb", "table": "cdr.calls"},
        "plans": {"type": "source.duckdb", "table": "ref.plans"},
        "t": {"from": "calls", **transform},
        "out": {"type": "target.duckdb", "from": f"t.{port}" if port else "t", "table": "mart.out"},
    }
    if schemas:
        nodes["calls"]["schema"] = CALLS
        nodes["plans"]["schema"] = PLANS
    return lineage_of(nodes).nodes["out"][None]


def short(influences: Influences | None) -> set[str]:
    return {f"{one.origin.node}.{one.origin.column or '*'} {one.subtype.value}" for one in influences or ()}


def columns(rows: Rows) -> dict[str, set[str]]:
    return {name: short(made) for name, made in rows.columns.items()}
