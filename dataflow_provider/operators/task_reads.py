"""What a task has read of sources that have no watermark, kept so that its next try reads the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.execution.incremental import freeze_windows, whole_reads

if TYPE_CHECKING:
    from dataflow_provider.operators.engine_task import Work

STATE_KEY = "dataflow_reads"


class TaskReads:
    """Values by node and key in Airflow's task state store; without a store they last as long as the try."""

    def __init__(self, context: Any) -> None:
        self._store = context.get("task_state_store")
        stored = None if self._store is None else self._store.get(STATE_KEY)
        self._values: dict[str, dict[str, Any]] = dict(stored) if isinstance(stored, dict) else {}

    def get(self, node: str, key: str) -> Any:
        return self._values.get(node, {}).get(key)

    def set(self, node: str, key: str, value: Any) -> None:
        self._values.setdefault(node, {})[key] = value
        self._save()

    def delete(self, node: str, key: str) -> None:
        if key in self._values.get(node, {}):
            del self._values[node][key]
            self._save()

    def _save(self) -> None:
        if self._store is not None:
            self._store.set(STATE_KEY, self._values)


def freeze_reads(work: Work, values: RunValues, context: Any) -> RunValues:
    """Return the values with what the task's stages read of topics and the like, the same on every try."""
    nodes = whole_reads(work.plan, work.stages)
    if not nodes:
        return values
    frozen, _ = freeze_windows(work.plan, values, work.connections, work.project, TaskReads(context), nodes)
    return frozen
