"""Where watermarks are kept: small JSON values of each incremental source of one pipeline, by key.

The command line keeps them in a file of the project.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dataflow_provider.errors import TerminalError
from dataflow_provider.spec.project import Project

WATERMARK = "watermark"


class WatermarkStore(Protocol):
    """Values by source node and key; each change is stored at once, and whole."""

    def get(self, node: str, key: str) -> Any:
        """Return the value, None when there is none."""

    def set(self, node: str, key: str, value: Any) -> None:
        """The value is kept, whatever happens to the process now."""

    def delete(self, node: str, key: str) -> None:
        """The value is gone; a missing one is no error."""


class WatermarkPlace(Protocol):
    """A place that keeps watermarks, as people look into it and set it anew."""

    def get(self, node: str, key: str) -> Any:
        """Return the value, None when there is none."""

    def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """Return everything that is kept."""

    def replace(self, node: str, values: Mapping[str, Any]) -> None:
        """The node has these values and no others, in one step: what runs have frozen of it is gone too."""


@dataclass(frozen=True)
class FileWatermarks:
    """The watermarks of a pipeline in `.dataflow/watermarks/`; several processes may use it at once.

    In `.dataflow/reads/` stands what runs have read of sources that have no watermark.
    """

    path: Path

    @classmethod
    def of(cls, project: Project, pipeline_id: str) -> FileWatermarks:
        return cls(project.remembered("watermarks", pipeline_id) / "marks.json")

    @classmethod
    def reads_of(cls, project: Project, pipeline_id: str) -> FileWatermarks:
        return cls(project.remembered("reads", pipeline_id) / "reads.json")

    def get(self, node: str, key: str) -> Any:
        return self._load().get(node, {}).get(key)

    def set(self, node: str, key: str, value: Any) -> None:
        with self._change() as document:
            document.setdefault(node, {})[key] = value

    def delete(self, node: str, key: str) -> None:
        with self._change() as document:
            document.get(node, {}).pop(key, None)

    def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        return self._load()

    def replace(self, node: str, values: Mapping[str, Any]) -> None:
        with self._change() as document:
            document.pop(node, None)
            if values:
                document[node] = dict(values)

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            document = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            raise self._unreadable(exc) from exc
        if not isinstance(document, dict) or not all(isinstance(one, dict) for one in document.values()):
            raise self._unreadable("it is no map of nodes")
        return document

    def _unreadable(self, why: object) -> TerminalError:
        return TerminalError(
            "DF-RUN-084",
            f"the watermarks in `{self.path}` cannot be read: {why}",
            hint="Restore the file, or delete it: every incremental source is then read from the start again.",
        )

    @contextmanager
    def _change(self) -> Iterator[dict[str, dict[str, Any]]]:
        """Read, changed by the block and written aside, renamed and synced, while no other process does the same."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                document = self._load()
                yield document
                aside = self.path.with_name(f".{self.path.name}.tmp")
                with aside.open("w", encoding="utf-8") as file:
                    json.dump(document, file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(aside, self.path)
        except OSError as exc:
            raise TerminalError(
                "DF-RUN-084",
                f"the watermarks cannot be kept in `{self.path}`: {exc.strerror}",
                hint="Make the project's folder writable.",
            ) from exc
