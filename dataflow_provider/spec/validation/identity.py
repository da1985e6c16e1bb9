"""Who a pipeline is: its id is its file's name, and no other file has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.validation.subject import Subject


def validate_identity(subject: Subject) -> Iterator[Problem]:
    pipeline_id = subject.pipeline.id
    if pipeline_id != subject.stem:
        message = f"The id is `{pipeline_id}`, but the file is named `{subject.stem}`; both must be the same."
        hint = f"Rename the file to `{pipeline_id}.yaml`, or write `id: {subject.stem}`."
        yield Problem("DF-ID-001", ("id",), message, hint)


def validate_distinct_ids(pipelines: Iterable[tuple[str, Pipeline]]) -> Iterator[tuple[str, Problem]]:
    """Yield the file and the problem for every file whose id another one has; `pipelines` are file and model."""
    files: dict[str, list[str]] = defaultdict(list)
    for file, pipeline in pipelines:
        files[pipeline.id].append(file)
    for pipeline_id, owners in files.items():
        for file in owners if len(owners) > 1 else ():
            others = ", ".join(f"`{other}`" for other in owners if other != file)
            message = f"The id `{pipeline_id}` is also the id of {others}; ids are unique over all workspaces."
            yield file, Problem("DF-ID-002", ("id",), message, "Rename one of the files and its id.")
