"""Which jobs a task has begun, kept in Airflow's task state store, so that a try after a lost worker finds them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

STATE_KEY = "dataflow_jobs"


class TaskJobs(MutableMapping[str, str]):
    """Digest of a statement → job id; every change is stored at once. Without a store it lasts as long as the try.

    Between a submit and its note here a worker may die: the next try then begins the statement again, which builds the
    same stage table anew, so that no row is written twice.
    """

    def __init__(self, context: Any) -> None:
        self._store = context.get("task_state_store")
        stored = None if self._store is None else self._store.get(STATE_KEY)
        self._jobs: dict[str, str] = dict(stored) if isinstance(stored, dict) else {}

    def __getitem__(self, digest: str) -> str:
        return self._jobs[digest]

    def __setitem__(self, digest: str, job_id: str) -> None:
        self._jobs[digest] = job_id
        self._save()

    def __delitem__(self, digest: str) -> None:
        del self._jobs[digest]
        self._save()

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def clear(self) -> None:
        if self._jobs:
            self._jobs.clear()
            self._save()

    def _save(self) -> None:
        if self._store is None:
            return
        if self._jobs:
            self._store.set(STATE_KEY, dict(self._jobs))
        else:
            self._store.delete(STATE_KEY)
