"""Incremental reads of one run: what a source reads, and when its watermark moves.

The rows to read are frozen when the run first asks; the watermark moves once every target fed by them has published.
All that is known of a run is kept with the source: `window.<run>`, and `published.<run>.<target>` for each target. Each
has a key of its own, so that tasks side by side never overwrite what another one has said.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from dataflow_provider.compiler.feeding import incremental_of, incremental_sources, targets_fed_by
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.high_water import WaterColumn, find_water_column
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.support import has_positions
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.compiler.windows import (
    Bound,
    BoundKind,
    ReadWindow,
    Watermark,
    bound_text,
    earlier,
    is_later,
    kind_of_column,
    kind_of_value,
    read_bound,
)
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import AuthorError, InternalError, Place, TerminalError
from dataflow_provider.execution.native import NativeRows
from dataflow_provider.execution.stage import open_session
from dataflow_provider.execution.watermarks import WATERMARK, WatermarkPlace, WatermarkStore
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import Incremental, NativeSource, SourceBase, SqlSource
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

RUNS = "runs"
FORGOTTEN = "forgotten"
KEPT_RUNS = 400
"""As many runs of a source stay known, so that each can be tried again with the rows of its first try."""


def whole_reads(plan: Plan, stage_ids: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the sources, of some stages only, that are read as a whole, each retry up to where its first try did.

    They have no watermark; what a run reads of them is kept all the same.
    """
    wanted = {node for stage in plan.stages if stage_ids is None or stage.id in stage_ids for node in stage.nodes}
    return tuple(
        node for node, one in plan.graph.nodes.items()
        if node in wanted and isinstance(one.spec, SourceBase) and one.spec.incremental is None
        and has_positions(one.spec)
    )  # fmt: skip


def read_by(spec: SourceBase) -> str:
    """Return what the bounds of a read are of: a column, or what the positions of a connector stand in."""
    column = "" if spec.incremental is None else spec.incremental.column
    if not isinstance(spec, NativeSource):
        return column
    return f"{column} of {spec.place}" if column else spec.place


def _is_read_by(spec: SourceBase, column: str) -> bool:
    wanted = read_by(spec)
    return column == wanted if isinstance(spec, NativeSource) else column.casefold() == wanted.casefold()


# ---------------------------------------------------------------- what a run reads


def freeze_windows(
    plan: Plan,
    values: RunValues,
    connections: Connections,
    project: Project,
    store: WatermarkStore,
    nodes: Iterable[str] | None = None,
    *,
    again: bool = False,
    own: Container[str] | None = None,
) -> tuple[RunValues, list[Problem]]:
    """Return the values with what each incremental source (or each of `nodes`) reads, and remarks on the rows.

    What an earlier try of the run has read is read again; else it is taken now and kept. `again` says that there may
    have been a try long ago. Of sources outside `own` nothing is taken: their rows were read by another task, and when
    what it read was reset since, they are left out, so that their watermark does not move.

    Raises:
        DataflowError: when a source cannot be read by its column, or its watermark is of another one.
    """
    windows = dict(values.windows)
    problems: list[Problem] = []
    for node in incremental_sources(plan) if nodes is None else nodes:
        key = window_key(values.run_id)
        window = _frozen(plan, node, store, key)
        if window is None and own is not None and node not in own:
            logger.warning("source=%s was reset while run_id=%s was at work; its watermark stays", node, values.run_id)
            continue
        if window is None:
            if again and store.get(node, FORGOTTEN):
                raise _forgotten(node, values.run_id)
            window, remarks = _take(plan, node, replace(values, windows=windows), connections, project, store)
            problems += remarks
            # What was published before belongs to rows that were read otherwise.
            for target in targets_fed_by(plan, node):
                store.delete(node, published_key(values.run_id, target))
            store.set(node, key, window.to_json())
            _remember(plan, node, store, values.run_id)
        logger.info("source=%s run_id=%s reads %s", node, values.run_id, _told(window))
        windows[node] = window
    return replace(values, windows=windows), problems


def window_key(run_id: str) -> str:
    return f"window.{_short(run_id)}"


def published_key(run_id: str, target: str) -> str:
    return f"published.{_short(run_id)}.{target}"


def _short(run_id: str) -> str:
    """Run ids have characters that not every store takes in a key."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:16]


def _frozen(plan: Plan, node: str, store: WatermarkStore, key: str) -> ReadWindow | None:
    """Return what an earlier try has read; None also when the file reads by another column since."""
    stored = store.get(node, key)
    if stored is None:
        return None
    try:
        window = ReadWindow.from_json(stored)
    except (KeyError, TypeError, ValueError) as exc:
        raise _unusable(node, f"what the run read before cannot be understood: {exc}") from exc
    spec = plan.graph.nodes[node].spec
    return window if isinstance(spec, SourceBase) and _is_read_by(spec, window.column) else None


def _forgotten(node: str, run_id: str) -> AuthorError:
    return AuthorError(
        "DF-RUN-087",
        f"run `{run_id}` cannot be tried again: what was read of `{node}` is known of {KEPT_RUNS} runs only",
        place=Place(node=node),
        hint="Start another run; `dataflow watermark reset` with `--to VALUE` reads rows of long ago again.",
    )


def _remember(plan: Plan, node: str, store: WatermarkStore, run_id: str) -> None:
    """Runs of long ago are forgotten; two runs that do this at one moment may leave a few small values more."""
    stored = store.get(node, RUNS)
    runs = [*(one for one in stored if one != _short(run_id)), _short(run_id)] if stored else [_short(run_id)]
    for old in runs[:-KEPT_RUNS]:
        for key in (f"window.{old}", *(f"published.{old}.{target}" for target in targets_fed_by(plan, node))):
            store.delete(node, key)
        store.set(node, FORGOTTEN, True)
    store.set(node, RUNS, runs[-KEPT_RUNS:])


def _take(
    plan: Plan, node: str, values: RunValues, connections: Connections, project: Project, store: WatermarkStore
) -> tuple[ReadWindow, list[Problem]]:
    spec = plan.graph.nodes[node].spec
    stage = next(one for one in plan.stages if node in one.nodes)
    if isinstance(spec, NativeSource) and has_positions(spec):
        rows = NativeRows(plan, stage, values, connections, project, project.root)
        return _take_positions(plan.graph.nodes[node], spec, rows, store), []
    if not isinstance(spec, SqlSource) or spec.incremental is None:
        raise _not_incremental(node)
    with open_session(plan, stage, connections, project, read_only=True) as session:
        taker = _Taker(plan.graph.nodes[node], spec, spec.incremental, session)
        return taker.take(plan, values, watermark_of(store, node))


def _take_positions(node: GraphNode, spec: NativeSource, rows: NativeRows, store: WatermarkStore) -> ReadWindow:
    mark = None if spec.incremental is None else watermark_of(store, node.id)
    if mark is not None and not (mark.kind == "positions" and _is_read_by(spec, mark.column)):
        raise _unusable(node.id, f"its watermark is of `{mark.column}`, and it is read by `{read_by(spec)}` now")
    base = None if mark is None else mark.value
    span = rows.freeze(node, spec, None if base is None else json.loads(str(base)))
    low, high = read_bound("positions", span.start), read_bound("positions", span.end)
    return ReadWindow(read_by(spec), "positions", low, True, high, base)


def kind_of_source(
    plan: Plan, node: str, values: RunValues, connections: Connections, project: Project
) -> BoundKind | None:
    """Return the kind of values that the source is read by, as its database tells; None when it is empty and untyped.

    Raises:
        DataflowError: as `freeze_windows`.
    """
    spec = plan.graph.nodes[node].spec
    if isinstance(spec, NativeSource) and has_positions(spec):
        return "positions"
    if not isinstance(spec, SqlSource) or spec.incremental is None:
        raise _not_incremental(node)
    stage = next(one for one in plan.stages if node in one.nodes)
    with open_session(plan, stage, connections, project, read_only=True) as session:
        return _Taker(plan.graph.nodes[node], spec, spec.incremental, session).kind(plan, values)


def _not_incremental(node: str) -> InternalError:
    return InternalError("DF-RUN-080", f"`{node}` is not read incrementally", place=Place(node=node))


def watermark_of(store: WatermarkStore | WatermarkPlace, node: str) -> Watermark | None:
    """Return how far the source has been read, None before its first run and after a reset.

    Raises:
        TerminalError: `DF-RUN-082` when what is kept is no watermark.
    """
    stored = store.get(node, WATERMARK)
    if stored is None:
        return None
    try:
        return Watermark.from_json(stored)
    except (KeyError, TypeError, ValueError) as exc:
        raise _unusable(node, f"its watermark cannot be understood: {exc}") from exc


def _unusable(node: str, why: str) -> TerminalError:
    return TerminalError(
        "DF-RUN-082",
        f"the incremental source `{node}` cannot go on: {why}",
        place=Place(node=node),
        hint=f"`dataflow watermark reset PIPELINE --node {node}` reads all again, with `--to VALUE` from there on.",
    )


@dataclass(frozen=True)
class _Taker:
    """Takes what one source reads in a run, in an open session of its database."""

    node: GraphNode
    spec: SqlSource
    wanted: Incremental
    session: SqlSession

    def take(self, plan: Plan, values: RunValues, mark: Watermark | None) -> tuple[ReadWindow, list[Problem]]:
        if mark is not None and mark.column.casefold() != self.wanted.column.casefold():
            raise _unusable(
                self.node.id,
                f"its watermark is of column `{mark.column}`, and it is read by `{self.wanted.column}` now",
            )
        column = find_water_column(plan, self.node, self.spec, values, self.session)
        kind = self._kind(column, mark)
        base = None if mark is None or kind is None else self._bound(kind, mark.value, "watermark")
        window = self._with_low(ReadWindow(self.wanted.column, kind, base, False, None, base))
        high = self._high(column, window)
        if kind is None and high is not None:
            kind = self._kind_of_value(column, high)
        # An empty source, and one without anything new, keep what was read already.
        last = base if high is None or kind is None else self._bound(kind, high, "column")
        window = replace(window, kind=kind, low=self._looking_back(kind, window.low, mark), high=last)
        if mark is not None and self.wanted.lookback:
            window = replace(window, inclusive=True)
        return window, self._remarks(column)

    def kind(self, plan: Plan, values: RunValues) -> BoundKind | None:
        column = find_water_column(plan, self.node, self.spec, values, self.session)
        kind = self._kind(column, None)
        high = None if kind else self._high(column, ReadWindow(self.wanted.column, None, None, False, None))
        return kind if high is None else self._kind_of_value(column, high)

    def _kind(self, column: WaterColumn, mark: Watermark | None) -> BoundKind | None:
        """Return the kind of the column's values; None when only a value will tell."""
        if column.kind:
            kind = kind_of_column(column.kind)
            if kind is None:
                raise self._error(
                    "DF-RUN-081",
                    f"the column `{column.name}` is of type `{column.type}`, whose values make no watermark",
                    "Name a column of whole or decimal numbers, dates, timestamps or texts, or cast it in a `query`.",
                )
            return kind
        return mark.kind if mark is not None else kind_of_value(self.wanted.initial)

    def _kind_of_value(self, column: WaterColumn, value: object) -> BoundKind:
        kind = kind_of_value(value)
        if kind is None:
            raise self._error(
                "DF-RUN-081",
                f"the column `{column.name}` holds `{value}`, which makes no watermark",
                "Name a column of whole or decimal numbers, dates, timestamps or texts, or cast it in a `query`.",
            )
        return kind

    def _with_low(self, window: ReadWindow) -> ReadWindow:
        """Without a watermark the read begins at `initial`, with it."""
        initial = self.wanted.initial
        if window.base is not None or initial is None or window.kind is None:
            return window
        return replace(window, low=self._bound(window.kind, initial, "initial"), inclusive=True)

    def _looking_back(self, kind: BoundKind | None, low: Bound | None, mark: Watermark | None) -> Bound | None:
        lookback = self.wanted.lookback
        if not lookback or kind is None:
            return low
        try:
            # Of the first run too, so that a lookback which cannot work does not wait for the second.
            moved = None if low is None else earlier(kind, low, lookback)
            if kind not in ("date", "timestamp"):
                raise ValueError(f"a lookback needs a date or a timestamp, and the column holds {kind} values")
        except (ValueError, OverflowError) as exc:
            raise self._error("DF-RUN-083", f"`lookback` cannot be kept: {exc}", "Delete `lookback`.") from exc
        return low if mark is None else moved

    def _high(self, column: WaterColumn, window: ReadWindow) -> object:
        return self.session.fetch_rows(column.max_query(window))[1][0][0]

    def _remarks(self, column: WaterColumn) -> list[Problem]:
        rows = self.session.fetch_number(column.null_query())
        if not rows:
            return []
        return [
            Problem(
                "DF-RUN-085",
                ("nodes", self.node.id, "incremental", "column"),
                f"{rows} rows of `{self.node.id}` have no `{column.name}`; an incremental read never sees them",
                "Fill the column, or read these rows with a source of their own (`where: … IS NULL`).",
                Severity.WARNING,
            )
        ]

    def _bound(self, kind: BoundKind, value: object, what: str) -> Bound:
        try:
            return read_bound(kind, value)
        except ValueError as exc:
            if what == "watermark":
                raise _unusable(self.node.id, f"its watermark {exc}, as the column's values are") from exc
            raise self._error(
                "DF-RUN-083", f"the {what} {exc}, as `incremental` needs it", "See the type of the column."
            ) from exc

    def _error(self, code: str, message: str, hint: str) -> AuthorError:
        return AuthorError(code, f"`{self.node.id}`: {message}", place=Place(node=self.node.id), hint=hint)


def _told(window: ReadWindow) -> str:
    if window.high is None:
        return "nothing: there are no rows"
    low = "the first row" if window.low is None else bound_text(window.low)
    word = "from" if window.inclusive or window.low is None else "after"
    return f"{window.column} {word} {low} to {bound_text(window.high)}"


# ---------------------------------------------------------------- the watermark


def note_published(plan: Plan, values: RunValues, stage_id: str, store: WatermarkStore) -> None:
    """The target has published: watermarks of sources all of whose targets have done so move to what was read.

    One that somebody has reset since the run began stays as it was set.
    """
    for node, window in values.windows.items():
        if incremental_of(plan, node) is None:
            continue
        targets = targets_fed_by(plan, node)
        if stage_id not in targets:
            continue
        if store.get(node, window_key(values.run_id)) != window.to_json():
            logger.warning("source=%s was reset while run_id=%s was at work; its watermark stays", node, values.run_id)
            continue
        store.set(node, published_key(values.run_id, stage_id), True)
        if all(store.get(node, published_key(values.run_id, target)) for target in targets):
            _move(node, window, store)


def _move(node: str, window: ReadWindow, store: WatermarkStore) -> None:
    """The watermark stands at the end of the window, unless it is further already."""
    if window.high is None or window.kind is None:
        return
    now = watermark_of(store, node)
    if now is not None and not _is_beyond(window, now):
        return
    store.set(node, WATERMARK, Watermark(window.column, window.kind, window.high).to_json())
    logger.info("watermark of source=%s is %s", node, bound_text(window.high))


def _is_beyond(window: ReadWindow, now: Watermark) -> bool:
    if window.kind is None or window.high is None or now.kind != window.kind:
        return False
    later = is_later(window.kind, window.high, now.value)
    # Only the database orders texts; it has said that `high` lies beyond `base`, and nobody has moved it since.
    return now.value == window.base if later is None else later
