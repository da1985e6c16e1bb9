"""The row counts that quality nodes met in earlier runs, for `compare_runs`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

KEPT_RUNS = 100


class RowHistory(Protocol):
    """Where row counts are kept from run to run."""

    def earlier(self, node: str, n: int) -> Sequence[int]:
        """Return at most `n` counts of earlier runs, the newest first; this run's own, of another try, is not in it."""

    def keep(self, node: str, rows: int) -> None:
        """The node has passed in this run with so many rows."""


@dataclass(frozen=True)
class FileHistory:
    """Row counts in the project's state folder, a file for each pipeline; runs without a scheduler keep them there."""

    path: Path
    run_id: str

    @classmethod
    def of(cls, pipeline: str, values: RunValues, project: Project) -> FileHistory:
        return cls(project.remembered("quality", pipeline) / "rows.json", values.run_id)

    def earlier(self, node: str, n: int) -> Sequence[int]:
        kept = [rows for run_id, rows in self._read().get(node, []) if run_id != self.run_id]
        return kept[-n:][::-1]

    def keep(self, node: str, rows: int) -> None:
        """Written aside and renamed; when that fails the next run compares with one run less."""
        known = self._read()
        others = [one for one in known.get(node, []) if one[0] != self.run_id]
        known[node] = [*others, (self.run_id, rows)][-KEPT_RUNS:]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{os.getpid()}.{self.path.name}.tmp")
            aside.write_text(json.dumps(known), "utf-8")
            os.replace(aside, self.path)
        except OSError as exc:
            logger.warning("%s cannot be written, so later runs are not compared with this one: %s", self.path, exc)

    def _read(self) -> dict[str, list[tuple[str, int]]]:
        try:
            known = json.loads(self.path.read_text("utf-8"))
            return {node: [(str(run_id), int(rows)) for run_id, rows in kept] for node, kept in known.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as exc:
            logger.warning("%s cannot be read, so earlier runs are not compared with: %s", self.path, exc)
            return {}
