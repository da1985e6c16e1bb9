"""Local files: which ones a path stands for, and how a written file becomes visible all at once or not at all."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from pathlib import Path

from dataflow_provider.connectors.base import FileDestination
from dataflow_provider.errors import AuthorError, Place, TerminalError
from dataflow_provider.spec.nodes import FileTarget
from dataflow_provider.spec.project import Project, is_remote

_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_ENDINGS = {"gzip": ".gz", "zstd": ".zst"}


class FileConnector:
    """Files below the project's roots; readers never see a half-written one."""

    name = "file"

    def find(self, node: str, written: str, project: Project) -> tuple[str, ...]:
        """Return the files of a path or glob in name order.

        Raises:
            AuthorError: when there is none, or one lies outside the roots.
        """
        _require_local(node, written)
        path = project.resolve_file(written)
        if os.path.isfile(path):
            return (path,)
        found = sorted(match for match in glob.glob(path, recursive=True) if os.path.isfile(match))
        if not found:
            raise AuthorError(
                "DF-FILE-010",
                f"no file matches `{written}`",
                place=Place(node=node),
                hint=f"Looked for `{path}`; relative paths start at `{project.root}`.",
            )
        return tuple(project.resolve_matches(written, found))

    def destination(self, node: str, target: FileTarget, project: Project, run_value: str) -> FileDestination:
        """Return where the rows of a run are written first and where they are then moved.

        Append writes one part per run into a folder, so a retry replaces its own part; overwrite replaces one file.

        Raises:
            AuthorError: for other write modes, and when a file stands where the folder must be or the reverse.
        """
        _require_local(node, target.path)
        path = Path(project.resolve_file(target.path))
        digest = hashlib.sha256(run_value.encode()).hexdigest()[:12]
        if target.write.mode == "append":
            _refuse(path.is_file(), node, target, "is a file, and append writes one part per run into a folder")
            run = _UNSAFE_IN_NAMES.sub("-", run_value.partition("/")[0])[:80]
            final = path / f"part-{run}-{digest}.{target.format}{_ENDINGS.get(target.options.compression or '', '')}"
        elif target.write.mode == "overwrite":
            _refuse(path.is_dir(), node, target, "is a folder, and overwrite replaces one file")
            final = path
        else:
            raise AuthorError(
                "DF-FILE-011",
                f"write mode `{target.write.mode}` needs a table; files can be written by `append` and `overwrite`",
                place=Place(node=node),
            )
        # Same folder, so that the move is one rename; same ending, since it may decide the compression.
        return FileDestination(node, str(final.parent / f".{digest}.{final.name}"), str(final))

    def prepare(self, destination: FileDestination) -> None:
        """The folder exists and nothing of an earlier try is left."""
        try:
            os.makedirs(os.path.dirname(destination.temporary), exist_ok=True)
            self.discard(destination)
        except OSError as exc:
            raise _failed(destination, exc) from exc

    def publish(self, destination: FileDestination) -> None:
        """The rows stand at their final path, also after a power cut; readers see the old file or the new one."""
        try:
            _sync(destination.temporary)
            os.replace(destination.temporary, destination.final)
            _sync(os.path.dirname(destination.final))
        except OSError as exc:
            raise _failed(destination, exc) from exc

    def discard(self, destination: FileDestination) -> None:
        """The temporary file is gone; none is no error."""
        Path(destination.temporary).unlink(missing_ok=True)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(destination: FileDestination, exc: OSError) -> TerminalError:
    return TerminalError(
        "DF-FILE-012",
        f"the file `{destination.final}` could not be written: {exc.strerror}",
        place=Place(node=destination.node),
    )


def _require_local(node: str, written: str) -> None:
    if is_remote(written):
        raise AuthorError(
            "DF-FILE-013",
            f"the path `{written}` lies in an object store, which cannot be reached yet",
            place=Place(node=node),
            hint="Use a local path.",
        )


def _refuse(wrong: bool, node: str, target: FileTarget, why: str) -> None:
    if wrong:
        raise AuthorError("DF-FILE-014", f"the path `{target.path}` {why}", place=Place(node=node))
