"""The command line's memory of a run's values: the same run id always binds the same values."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.errors import AuthorError, TerminalError
from dataflow_provider.execution.values import Interval, resolve_values, typed_params
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project


def start_run(
    pipeline: Pipeline,
    project: Project,
    *,
    now: datetime,
    run_id: str | None = None,
    interval: Interval | None = None,
    params: Mapping[str, object] | None = None,
) -> RunValues:
    """Return the values of a new run, kept under the project's state folder, or those of a run that is tried again.

    A retry may leave out interval and parameters; it then has those of the first try.

    Raises:
        AuthorError: as `resolve_values`, and when a retry brings other values than the first try.
    """
    if run_id is not None and has_begun(pipeline, project, run_id):
        return _again(pipeline, project, run_id, interval, params or {})
    values = resolve_values(pipeline, project, now=now, run_id=run_id, interval=interval, params=params)
    _keep(_path(project, pipeline, values.run_id), values)
    return values


def has_begun(pipeline: Pipeline, project: Project, run_id: str | None) -> bool:
    """Return whether a run of this id has been started here before."""
    return run_id is not None and _path(project, pipeline, run_id).exists()


def _again(
    pipeline: Pipeline, project: Project, run_id: str, interval: Interval | None, params: Mapping[str, object]
) -> RunValues:
    first = _load(_path(project, pipeline, run_id))
    kept: Mapping[str, Any] = first["params"]
    # A parameter that the file has lost since is left out; a new one takes its default or the value given now.
    declared = {name: value for name, value in kept.items() if name in pipeline.params}
    values = typed_params(pipeline.params, {**declared, **params})
    before = typed_params(pipeline.params, {**params, **declared})
    changed = [
        f"`{name}` was `{before[name]}` and is now `{values[name]}`" for name in values if values[name] != before[name]
    ]
    bounds = (_moment(first["interval_start"]), _moment(first["interval_end"]))
    if interval is not None and interval != bounds:
        changed.append(f"the interval was `{bounds[0]}/{bounds[1]}` and is now `{interval[0]}/{interval[1]}`")
    if changed:
        raise AuthorError(
            "DF-RUN-007",
            f"run `{run_id}` was started with other values: " + "; ".join(changed),
            hint="A retry binds what the first try bound: leave these out, or choose another run id.",
        )
    return RunValues(
        run_id=run_id,
        logical_date=_moment(first["logical_date"]),
        interval_start=bounds[0],
        interval_end=bounds[1],
        params=values,
        workspace=project.workspace,
        environment=project.environment,
    )


def _path(project: Project, pipeline: Pipeline, run_id: str) -> Path:
    return project.remembered("runs", pipeline.id) / f"{run_id}.json"


def _keep(path: Path, values: RunValues) -> None:
    """Written aside and renamed: a crash leaves the whole file or none."""
    document = {
        "run_id": values.run_id,
        "logical_date": values.logical_date,
        "interval_start": values.interval_start,
        "interval_end": values.interval_end,
        "params": dict(values.params),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{os.getpid()}.tmp")
        aside.write_text(json.dumps(document, default=_text, indent=1), "utf-8")
        os.replace(aside, path)
    except OSError as exc:
        raise TerminalError(
            "DF-RUN-008",
            f"the values of the run cannot be kept in `{path}`: {exc.strerror}",
            hint="Make the project's folder writable.",
        ) from exc


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise TerminalError(
            "DF-RUN-009", f"the kept values `{path}` cannot be read: {exc}", hint="Choose another run id."
        ) from exc
    return dict(document)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
