"""The worker's disk as a store, for formats that no engine reads itself; nothing outside the file roots is touched."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.stores import StoredFile, StoreError, changed
from dataflow_provider.spec.project import Project


@dataclass(frozen=True)
class LocalStore:
    """Paths are those of the project; what is found has absolute ones."""

    project: Project

    def find(self, pattern: str) -> list[StoredFile]:
        path = self.project.resolve_file(pattern)
        found = [path] if os.path.isfile(path) else sorted(filter(os.path.isfile, glob.glob(path, recursive=True)))
        with _about(pattern):
            return [_stored(one) for one in self.project.resolve_matches(pattern, found)]

    def kind_of(self, path: str) -> Literal["file", "folder"] | None:
        real = self.project.resolve_file(path)
        return "folder" if os.path.isdir(real) else "file" if os.path.exists(real) else None

    def read_at(self, file: StoredFile, offset: int, length: int) -> bytes:
        with _about(file.path), open(file.path, "rb") as opened:
            opened.seek(offset)
            return opened.read(length)

    def check_unchanged(self, file: StoredFile) -> None:
        with _about(file.path):
            if _stored(file.path) != file:
                raise changed(file.path)

    def put(self, source: Path, path: str, mark: str) -> None:
        final = Path(self.project.resolve_file(path))
        temporary = final.parent / f".{mark}.{final.name}"
        with _about(path):
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(source, temporary)
                sync(temporary)
                os.replace(temporary, final)
            finally:
                temporary.unlink(missing_ok=True)
            sync(final.parent)


def sync(path: str | Path) -> None:
    """What was written to the file or folder survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stored(path: str) -> StoredFile:
    found = os.stat(path)
    return StoredFile(path, found.st_size, f"{found.st_mtime_ns}:{found.st_ino}")


@contextmanager
def _about(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kinds = ((FileNotFoundError, Kind.MISSING), (PermissionError, Kind.RIGHTS))
        full = (exc.strerror is not None and "space" in exc.strerror) or "too large" in str(exc.strerror)
        kind = next((kind for one, kind in kinds if isinstance(exc, one)), Kind.DISK if full else Kind.REFUSED)
        raise StoreError(VendorError(kind, type(exc).__name__, f"`{path}`: {exc.strerror or exc}")) from exc
