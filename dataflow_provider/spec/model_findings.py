"""Data of a document to the `Pipeline` model and the problems of its shape."""

from __future__ import annotations

from pydantic import ValidationError

from dataflow_provider.spec.document import Document
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline


def build_pipeline(document: Document, file: str) -> tuple[Pipeline | None, list[Problem]]:
    """Return the model, None when the data does not fit it, and what is wrong."""
    try:
        return Pipeline.model_validate(document.data), []
    except ValidationError as exc:
        return None, [Problem("DF-SPEC-001", tuple(e["loc"]), e["msg"]) for e in exc.errors(include_url=False)]
