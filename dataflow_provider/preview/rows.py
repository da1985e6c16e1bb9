"""Some real rows of any node, masked where they are sensitive."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.live_check import Untouched
from dataflow_provider.execution.values import Interval, resolve_values
from dataflow_provider.lineage.sensitive import sensitive_columns
from dataflow_provider.preview.look import Look, Opened
from dataflow_provider.preview.pieces import Spot, find_spot, refuse_unseen
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.preview.values import MASK, JsonValue, json_value
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

MAX_ROWS = 100
RUN_ID = "preview"


@dataclass(frozen=True)
class Asked:
    """What is asked for: the rows of `node` or `node.port`, for these values."""

    node: str
    params: Mapping[str, object] = field(default_factory=dict)
    interval: Interval | None = None


@dataclass(frozen=True)
class Column:
    """A column as the engine has it."""

    name: str
    type: str
    sensitive: bool


@dataclass(frozen=True)
class Preview:
    """Rows of a port. `sample` says that they come from parts of other inputs, told in `inputs`."""

    node: str
    port: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    sample: bool
    inputs: tuple[dict[str, Any], ...]
    total_rows: int | None
    limit: int
    seconds: float
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the answer as the command line and the API give it, without its findings."""
        return {
            "node": self.node,
            "port": self.port,
            "columns": [{"name": one.name, "type": one.type, "sensitive": one.sensitive} for one in self.columns],
            "rows": [list(row) for row in self.rows],
            "sample": self.sample,
            "inputs": list(self.inputs),
            "total_rows": self.total_rows,
            "limit": self.limit,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Seen:
    """The rows in their open session, and which of their columns are sensitive."""

    look: Look
    spot: Spot
    opened: Opened
    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[dict[str, Any], ...]:
        """What other connections lent."""
        return tuple(
            {"node": one.node, "connection": one.connection, "rows": one.rows, "whole": one.whole}
            for one in self.look.lent.values()
        )


def preview_rows(
    pipeline: Pipeline,
    asked: Asked,
    connections: Connections,
    project: Project,
    *,
    limit: int = MAX_ROWS,
    sign: StopSign | None = None,
    reveal: bool = False,
) -> Preview:
    """Return at most `limit` rows; nothing is written, and sensitive values are masked unless `reveal`.

    Raises:
        AuthorError: for what cannot be shown, and for a limit that is none.
        CompileError: with every problem that the database found.
        TerminalError: `DF-PREVIEW-004` when the time is over.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise AuthorError("DF-PREVIEW-006", f"the limit is {limit}; from 1 to {MAX_ROWS} rows are shown")
    started = time.monotonic()
    with seen(pipeline, asked, connections, project, sign or StopSign()) as found:
        _, rows = found.opened.session.fetch_rows(found.opened.query(limit), limit)
    return Preview(
        node=found.spot.node,
        port=found.spot.shown_port,
        columns=found.columns,
        rows=tuple(shown_row(row, found.columns, reveal=reveal) for row in rows),
        sample=bool(found.inputs),
        inputs=found.inputs,
        total_rows=len(rows) if len(rows) < limit and all(one["whole"] for one in found.inputs) else None,
        limit=limit,
        seconds=round(time.monotonic() - started, 3),
        problems=tuple(found.look.problems),
    )


@contextmanager
def seen(
    pipeline: Pipeline, asked: Asked, connections: Connections, project: Project, sign: StopSign
) -> Iterator[Seen]:
    """Hold the session that makes the rows asked for."""
    graph = build_graph(pipeline)
    spot = find_spot(pipeline, graph, asked.node)
    refuse_unseen(pipeline, graph, spot)
    values = preview_values(pipeline, project, asked)
    with TemporaryDirectory(prefix="dataflow-preview-") as folder:
        untouched = Untouched(connections, Path(folder))
        look = Look(Plan(pipeline, graph, ()), values, project, untouched, Path(folder), sign)
        with look.opened(spot.maker, spot.port) as opened:
            types = opened.types()
            hidden = sensitive_columns(pipeline.id, graph, look.columns).among(spot.maker, spot.port, types)
            columns = tuple(Column(name, kind, name in hidden) for name, kind in types.items())
            yield Seen(look, spot, opened, columns)


def preview_values(pipeline: Pipeline, project: Project, asked: Asked) -> RunValues:
    """Return the values of a look: those of a run that would start now; none of them is kept."""
    return resolve_values(
        pipeline, project, now=datetime.now(UTC), run_id=RUN_ID, interval=asked.interval, params=asked.params
    )


def shown_row(row: Sequence[Any], columns: Sequence[Column], *, reveal: bool) -> tuple[JsonValue, ...]:
    """Return a row as it is shown; that a sensitive value is missing is no secret."""
    return tuple(
        MASK if column.sensitive and not reveal and value is not None else json_value(value)
        for value, column in zip(row, columns, strict=True)
    )
