"""What the values of a node are like, column by column, over its first rows; reckoned by the node's own database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.lowering.tree import identifier, select, star, table
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.render import render
from dataflow_provider.errors import AuthorError
from dataflow_provider.preview.profile_sql import (
    QUANTILES,
    Figures,
    Profiled,
    edges_of,
    figures_query,
    has_shape,
    profiled_columns,
    read_figures,
    read_shapes,
    shapes_query,
    top_query,
)
from dataflow_provider.preview.rows import Asked, Column, Seen, seen
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.preview.values import MASK, JsonValue, json_value
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

PROFILED_ROWS = 100_000
"""Rows that are looked at when nobody says otherwise."""
MAX_PROFILED_ROWS = 1_000_000
_KEPT = "profile"

Query = Callable[[exp.Expr], exp.Select]


@dataclass(frozen=True)
class Profile:
    """Columns and what their values are like. `sample` says that there are, or may be, rows that were not looked at."""

    node: str
    port: str | None
    rows: int
    sample: bool
    inputs: tuple[dict[str, Any], ...]
    columns: tuple[dict[str, JsonValue], ...]
    seconds: float
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the answer as the command line and the API give it, without its findings."""
        return {
            "node": self.node,
            "port": self.port,
            "rows": self.rows,
            "sample": self.sample,
            "inputs": list(self.inputs),
            "columns": list(self.columns),
            "seconds": self.seconds,
        }


def profile_node(
    pipeline: Pipeline,
    asked: Asked,
    connections: Connections,
    project: Project,
    *,
    rows: int = PROFILED_ROWS,
    sign: StopSign | None = None,
    reveal: bool = False,
) -> Profile:
    """Return the profile of the first `rows` rows; what shows a sensitive value is masked unless `reveal`.

    Raises:
        AuthorError: for what cannot be shown, and `DF-PREVIEW-007` for a number of rows out of bounds.
        CompileError: with every problem that the database found.
        TerminalError: `DF-PREVIEW-004` when the time is over.
    """
    if not 1 <= rows <= MAX_PROFILED_ROWS:
        raise AuthorError("DF-PREVIEW-007", f"{rows} rows are asked for; a profile takes 1 to {MAX_PROFILED_ROWS:,}")
    started = time.monotonic()
    with seen(pipeline, asked, connections, project, sign or StopSign()) as found:
        reckoned = _Reckoning(found, rows)
        columns = reckoned.columns(reveal=reveal)
    return Profile(
        node=found.spot.node,
        port=found.spot.shown_port,
        rows=reckoned.rows,
        sample=reckoned.rows >= rows or bool(found.inputs),
        inputs=found.inputs,
        columns=columns,
        seconds=round(time.monotonic() - started, 3),
        problems=tuple(found.look.problems),
    )


class _Reckoning:
    """The statements of one profile, over the first rows: kept in the session, or made anew where it keeps none."""

    def __init__(self, found: Seen, rows: int) -> None:
        self._found = found
        self._most = rows
        self._kept = self._keep()
        self.rows = 0

    def columns(self, *, reveal: bool) -> tuple[dict[str, JsonValue], ...]:
        """Ask and return what each column is like."""
        types = {one.name: one.type for one in self._found.columns}
        asked = profiled_columns(types, self._found.opened.dialect)
        self.rows, figures = read_figures(asked, self._ask(lambda source: figures_query(asked, source))[0])
        shaped = [one for one in asked if has_shape(one, figures[one.at])]
        shapes = self._shapes(shaped, figures) if shaped else {}
        return tuple(
            self._told(column, one, figures[one.at], shapes.get(one.at), reveal=reveal)
            for column, one in zip(self._found.columns, asked, strict=True)
        )

    def _shapes(
        self, shaped: Sequence[Profiled], figures: Mapping[int, Figures]
    ) -> dict[int, tuple[list[Any], list[int]]]:
        try:
            row = self._ask(lambda source: shapes_query(shaped, figures, source))[0]
        except UnsupportedHereError as refusal:
            told = f"quantiles and histograms are left out: {refusal.message}"
            problem = Problem(refusal.code, ("nodes", self._found.spot.node), told, severity=Severity.INFO)
            self._found.look.problems.append(problem)
            return {}
        return read_shapes(shaped, figures, row)

    def _told(
        self,
        column: Column,
        one: Profiled,
        figures: Figures,
        shape: tuple[list[Any], list[int]] | None,
        *,
        reveal: bool,
    ) -> dict[str, JsonValue]:
        def value(found: Any) -> JsonValue:
            return MASK if column.sensitive and not reveal and found is not None else json_value(found)

        quantiles, buckets = shape or ([], [])
        nulls = self.rows - figures.count
        return {
            "name": column.name,
            "type": column.type,
            "sensitive": column.sensitive,
            "count": figures.count,
            "nulls": nulls,
            "null_percent": round(100 * nulls / self.rows, 2) if self.rows else 0.0,
            "distinct": figures.distinct,
            "distinct_approximate": self.rows >= self._most or bool(self._found.inputs),
            "min": value(figures.low),
            "max": value(figures.high),
            "mean": value(figures.mean),
            "quantiles": {f"{share:g}": value(found) for share, found in zip(QUANTILES, quantiles, strict=False)},
            "top": [{"value": value(found), "count": count} for found, count in self._top(one, figures)],
            "histogram": _histogram(figures, buckets, value),
        }

    def _top(self, one: Profiled, figures: Figures) -> list[tuple[Any, int]]:
        """Return the most frequent values; a column in which no value comes twice has none."""
        if not one.is_equal or figures.distinct in (None, 0, figures.count):
            return []
        return [(found, int(count)) for found, count in self._ask(lambda source: top_query(one, source))]

    # ------------------------------------------------------------ the rows

    def _keep(self) -> tuple[str, ...] | None:
        """Keep the first rows in a table of the session, so that what makes them is computed once."""
        opened, look = self._found.opened, self._found.look
        parts = opened.dialect.temporary_parts(
            stage_table_name(look.plan.pipeline.id, look.values, opened.maker, _KEPT)
        )
        statements = opened.dialect.create_temporary(opened.dialect.quoted(parts), opened.query(self._most))
        return parts if opened.session.make_temporary(statements) else None

    def _ask(self, query: Query) -> list[tuple[Any, ...]]:
        opened = self._found.opened
        if self._kept is not None:
            sql = render(query(table(self._kept)), opened.dialect)
        else:
            first = select([star()], opened.rows.table()).limit(self._most, copy=False)
            sql = opened.render(query(exp.Subquery(this=first, alias=exp.TableAlias(this=identifier("rows")))))
        return opened.session.fetch_rows(sql)[1]


def _histogram(figures: Figures, buckets: Sequence[int], value: Callable[[Any], JsonValue]) -> list[JsonValue]:
    if not buckets:
        return []
    edges = [figures.low, *edges_of(figures), figures.high]
    return [
        {"from": value(low), "to": value(high), "count": count}
        for low, high, count in zip(edges[:-1], edges[1:], buckets, strict=True)
    ]
