"""The row counts that quality nodes met in earlier runs, handed from run to run in Airflow's XComs.

A worker's own folder may be gone with it, and another worker never sees it; the metadata database is for no task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow_provider.execution.history import KEPT_RUNS
from dataflow_provider.runs.xcoms import ROWS_XCOM

Counts = dict[str, list[tuple[str, int]]]


class TaskHistory:
    """Row counts of one task's nodes: what the last run before this one has left, and this run's own behind it.

    Of runs whose logical date lies before this run's; so a backfill compares with what was before its day.
    """

    def __init__(self, context: Any) -> None:
        self._task = context["ti"]
        self._run_id = str(context["dag_run"].run_id)
        self._known: Counts | None = None

    def earlier(self, node: str, n: int) -> Sequence[int]:
        """Return at most `n` counts of earlier runs, the newest first."""
        kept = [rows for run_id, rows in self._counts().get(node, []) if run_id != self._run_id]
        return kept[-n:][::-1]

    def keep(self, node: str, rows: int) -> None:
        """The next runs find this run's count; all that were known go on with it."""
        known = self._counts()
        others = [one for one in known.get(node, []) if one[0] != self._run_id]
        known[node] = [*others, (self._run_id, rows)][-KEPT_RUNS:]
        self._task.xcom_push(ROWS_XCOM, {name: [list(one) for one in kept] for name, kept in known.items()})

    def _counts(self) -> Counts:
        if self._known is None:
            left = self._task.xcom_pull(
                task_ids=self._task.task_id, key=ROWS_XCOM, include_prior_dates=True, map_indexes=-1
            )
            found = left if isinstance(left, dict) else {}
            self._known = {node: [(str(run), int(rows)) for run, rows in kept] for node, kept in found.items()}
        return self._known
