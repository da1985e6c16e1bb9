"""Where a pipeline file belongs: its project, its workspace, and which local files its paths may reach.

A project is the folder above `yaml_pipelines/`, else the folder of the YAML. Nothing outside the file roots is ever
read or written: symbolic links are followed before the check.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings

PIPELINES_FOLDER = "yaml_pipelines"
DEFAULT_WORKSPACE = "default"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Project:
    """The surroundings of one pipeline file: absolute, resolved paths."""

    root: Path
    workspace: str
    file_roots: tuple[Path, ...]
    warehouse: Path
    environment: str = ""

    @classmethod
    def of(cls, yaml_path: Path, settings: Settings | None = None) -> Project:
        """Return the project of a pipeline file, which need not exist.

        The workspace is the folder below `yaml_pipelines/`; a file that lies elsewhere is in workspace `default`.

        Raises:
            AuthorError: for bad settings (`Settings.load`).
        """
        settings = settings or Settings.load()
        path = Path(os.path.realpath(yaml_path))
        folder = _pipelines_folder(path)
        root = folder.parent if folder else path.parent
        below = path.relative_to(folder).parts if folder else ()
        return cls(
            root=root,
            workspace=below[0] if len(below) > 1 else DEFAULT_WORKSPACE,
            file_roots=tuple(Path(os.path.realpath(part)) for part in settings.file_roots) or (root,),
            warehouse=settings.warehouse or root / ".dataflow" / "warehouse.duckdb",
            environment=settings.environment,
        )

    @property
    def state_folder(self) -> Path:
        """The folder of what the command line remembers; not made until something is written."""
        return self.root / ".dataflow"

    def remembered(self, kind: str, pipeline_id: str) -> Path:
        """Return the folder of what is remembered of a pipeline; workspaces and environments never share one."""
        name = f"{pipeline_id}@{self.environment}" if self.environment else pipeline_id
        return self.state_folder / kind / self.workspace / name

    def resolve_file(self, written: str) -> str:
        """Return the path of a file node as an absolute path; a URL (`s3://…`) stays as it is written.

        Globs stay globs. Relative paths start at the project's root.

        Raises:
            AuthorError: DF-FILE-002 when the path, symbolic links followed, leaves the file roots; DF-FILE-003 for a
                path that no file system takes; DF-FILE-004 for a `file://` URL.
        """
        if is_remote(written):
            return written
        if _SCHEME.match(written):
            raise AuthorError(
                "DF-FILE-004",
                f"The path `{written}` is a `file://` URL.",
                hint="Write the path alone, absolute or relative to the project.",
            )
        if "\0" in written or not written.strip():
            hint = "Give a file, a folder or a glob."
            raise AuthorError("DF-FILE-003", f"The path `{written!r}` is no path.", hint=hint)
        path = os.path.normpath(self.root / written)
        self._confine(written, path)
        return path

    def resolve_matches(self, written: str, matches: list[str]) -> list[str]:
        """Return the files a glob found, each checked like a path of its own: a link inside may lead out.

        Raises:
            AuthorError: DF-FILE-002 as in `resolve_file`.
        """
        for match in matches:
            self._confine(written, match)
        return matches

    def _confine(self, written: str, path: str) -> None:
        real = Path(os.path.realpath(_fixed_part(path)))
        if any(real == root or root in real.parents for root in self.file_roots):
            return
        allowed = ", ".join(f"`{root}`" for root in self.file_roots)
        raise AuthorError(
            "DF-FILE-002",
            f"The path `{written}` leads to `{real}`, outside the folders files may lie in: {allowed}.",
            hint="Move the file there, or add its folder to `AIRFLOW__DATAFLOW__FILE_ROOTS` (colon-separated).",
        )


def is_remote(written: str) -> bool:
    """Return whether a path names an object store instead of the local disk.

    >>> is_remote("s3://bucket/day=1/*.parquet"), is_remote("data/calls.csv")
    (True, False)
    """
    return bool(_SCHEME.match(written)) and not written.lower().startswith("file:")


def is_pipeline_file(path: Path, below: Path) -> bool:
    """Return whether a file found below a folder is a pipeline: YAML, and no part of the way starts with `_` or `.`."""
    inner = path.relative_to(below).parts
    return path.suffix in (".yaml", ".yml") and not any(part.startswith(("_", ".")) for part in inner)


def _pipelines_folder(path: Path) -> Path | None:
    """The nearest `yaml_pipelines` above the file."""
    return next((parent for parent in path.parents if parent.name == PIPELINES_FOLDER), None)


def _fixed_part(path: str) -> str:
    """Return the path up to its first glob: that part decides where matches can lie, beside links (see matches)."""
    glob = _GLOB.search(path)
    return os.path.dirname(path[: glob.start()]) if glob else path
