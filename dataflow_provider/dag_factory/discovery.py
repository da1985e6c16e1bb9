"""Finding pipeline files on disk: every `*.yaml` (or `*.yml`) below a workspace folder, and never a parse."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dataflow_provider.dag_factory.stub import Origin
from dataflow_provider.spec.document import MAX_BYTES
from dataflow_provider.spec.project import DEFAULT_WORKSPACE

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class PipelineFile:
    """One file; `relative` is its path below the pipelines folder, `mtime_ns` and `size` tell whether it changed."""

    origin: Origin
    relative: str
    pipeline_id: str
    mtime_ns: int
    size: int


def find_pipelines(root: Path) -> list[PipelineFile]:
    """Return all pipeline files below `root`, sorted by path; files that share an id know each other as rivals.

    Folders and files that start with `_` or `.` are left out (`_templates`, `_environments`, editors' copies). A file
    at the top level belongs to the workspace `default`.
    """
    top = str(root.resolve())
    paths = (entry.path for folder in folders(top) for entry in _entries(folder) if entry.name.endswith(SUFFIXES))
    return _name_rivals(_describe_all(paths, top))


def find_pipeline(root: Path, pipeline_id: str) -> list[PipelineFile]:
    """Return the files of one id (more than one = rivals) without looking at any other file."""
    top = str(root.resolve())
    return _name_rivals(
        _describe_all(
            (os.path.join(folder, pipeline_id + suffix) for folder in folders(top) for suffix in SUFFIXES), top
        )
    )


def folders(top: str) -> Iterator[str]:
    """Yield `top` and every folder below it that may hold pipelines; links to folders are not followed."""
    pending = [top]
    while pending:
        folder = pending.pop()
        yield folder
        pending += [entry.path for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """List a folder; one that vanished meanwhile counts as empty."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name[0] not in "._"]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _describe_all(paths: Iterable[str], top: str) -> list[PipelineFile]:
    return sorted((file for path in paths if (file := _describe(path, top))), key=lambda file: file.relative)


def _describe(path: str, top: str) -> PipelineFile | None:
    """Return what is known of one file, None when there is none."""
    try:
        status = os.lstat(path)
        linked = stat.S_ISLNK(status.st_mode)
        if linked:
            status = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    relative = path[len(top) + 1 :].replace(os.sep, "/")
    workspace, slash, _ = relative.partition("/")
    return PipelineFile(
        origin=Origin(
            path=path,
            root=top,
            workspace=workspace if slash else DEFAULT_WORKSPACE,
            refused=_refusal(path, top, linked, status.st_size),
        ),
        relative=relative,
        pipeline_id=os.path.splitext(os.path.basename(path))[0],
        mtime_ns=status.st_mtime_ns,
        size=status.st_size,
    )


def _refusal(path: str, top: str, linked: bool, size: int) -> str | None:
    """Say why the text of a file may not be copied into a stub, None when it may.

    A file that is too large is refused by the loader, so its text need not fill Airflow's database.
    """
    if linked and not Path(path).resolve().is_relative_to(top):
        return "link"
    return "size" if size > MAX_BYTES else None


def _name_rivals(files: list[PipelineFile]) -> list[PipelineFile]:
    by_id: dict[str, list[PipelineFile]] = defaultdict(list)
    for file in files:
        by_id[file.pipeline_id].append(file)
    return [_with_rivals(file, by_id[file.pipeline_id]) for file in files]


def _with_rivals(file: PipelineFile, same_id: list[PipelineFile]) -> PipelineFile:
    if len(same_id) == 1:
        return file
    rivals = tuple(other.origin.shown for other in same_id if other is not file)
    return replace(file, origin=replace(file.origin, rivals=rivals))
