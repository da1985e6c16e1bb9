"""Places that files lie in, reached over a network or on the disk: found by globs, read in ranges, put whole."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast

import pyarrow

from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.file_options import part_ending
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.nodes import FileTarget

BLOCK_BYTES = 4 * 1024 * 1024
MAX_LISTED = 10_000
"""Most files that a look into a store lists."""
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_GLOB = re.compile(r"[*?\[]")


class StoreError(Exception):
    """Something of a store failed; raise it inside `calling`, which makes it one of our errors."""

    def __init__(self, vendor: VendorError) -> None:
        super().__init__(vendor.text)
        self.vendor = vendor


@dataclass(frozen=True)
class StoredFile:
    """One file of one state: `version` differs after every change of it, as far as the store tells."""

    path: str
    size_bytes: int
    version: str


class Store(Protocol):
    """A place of files. Failures are `StoreError`s, or what the connector's `vendor_error` knows."""

    def find(self, pattern: str) -> list[StoredFile]:
        """Return the files of a path or glob in the order of their names; none is no error."""

    def kind_of(self, path: str) -> Literal["file", "folder"] | None:
        """Return what stands at a path; None when nothing does."""

    def read_at(self, file: StoredFile, offset: int, length: int) -> bytes:
        """Return a range of a file, shorter only at its end."""

    def check_unchanged(self, file: StoredFile) -> None:
        """Nothing happens when the file is as it was found; else `changed` is raised."""

    def put(self, source: Path, path: str, mark: str) -> None:
        """The local file stands at the path, all at once; `mark` tells the tries of one run from other writers."""


def changed(path: str) -> StoreError:
    """Return the error for a file that somebody writes while it is read."""
    return StoreError(
        VendorError(
            Kind.LOST,
            "",
            f"the file `{path}` changed while it was read",
            hint="Let its writer finish first: write under another name and rename. The task's next try reads it anew.",
        )
    )


def read_blocks(store: Store, file: StoredFile) -> Iterator[bytes]:
    """Yield the bytes of a file, a few megabytes at a time; it must not change meanwhile."""
    offset = 0
    while offset < file.size_bytes:
        block = store.read_at(file, offset, min(BLOCK_BYTES, file.size_bytes - offset))
        if not block:
            raise changed(file.path)
        offset += len(block)
        yield block
    store.check_unchanged(file)


class RangeReader(io.RawIOBase):
    """A file of a store as Python's own kind of file, for readers that look here and there."""

    def __init__(self, store: Store, file: StoredFile) -> None:
        super().__init__()
        self._store, self._file, self._at = store, file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size_bytes}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._file.size_bytes - self._at)
        block = self._store.read_at(self._file, self._at, wanted) if wanted > 0 else b""
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)


def open_stream(store: Store, file: StoredFile, compression: str | None) -> BinaryIO:
    """Return the unpacked bytes of a file from its beginning on; memory does not grow with it."""
    raw = io.BufferedReader(_Stream(read_blocks(store, file)), BLOCK_BYTES)
    if compression is None:
        return cast("BinaryIO", raw)
    unpacked = pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, "r"), compression)
    return cast("BinaryIO", io.BufferedReader(unpacked, BLOCK_BYTES))


class _Stream(io.RawIOBase):
    """Blocks of bytes as a file that is read once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


# ---------------------------------------------------------------- names


def is_glob(path: str) -> bool:
    return _GLOB.search(path) is not None


def fixed_part(pattern: str) -> str:
    """Return the folders before the first glob, with the slash.

    >>> fixed_part("in/day=*/calls.csv"), fixed_part("calls-*.csv"), fixed_part("in/calls.csv")
    ('in/', '', 'in/')
    """
    found = _GLOB.search(pattern)
    return pattern[: (pattern if found is None else pattern[: found.start()]).rfind("/") + 1]


def glob_expression(pattern: str) -> re.Pattern[str]:
    """Return what matches whole paths as the shell does: `*` and `?` stay in their folder, `**/` is any folders.

    Names that start with a dot are only matched by a dot, so that files still being written are left out.

    >>> [bool(glob_expression("a/**/*.csv").fullmatch(path)) for path in ("a/x.csv", "a/b/x.csv", "a/.x.csv")]
    [True, True, False]
    """
    out, at = "", 0
    while at < len(pattern):
        start = at == 0 or pattern[at - 1] == "/"
        hidden = r"(?!\.)" if start else ""
        if pattern.startswith("**/", at) and start:
            out, at = out + r"(?:(?!\.)[^/]+/)*", at + 3
        elif pattern[at] == "*":
            out, at = out + hidden + "[^/]*", at + 1
        elif pattern[at] == "?":
            out, at = out + hidden + "[^/]", at + 1
        elif pattern[at] == "[" and "]" in pattern[at + 2 :]:
            end = pattern.index("]", at + 2)
            inner = pattern[at + 1 : end].replace("\\", r"\\")
            negated = inner.startswith("!")
            out, at = out + f"[{'^/' if negated else ''}{inner[1:] if negated else inner}]", end + 1
        else:
            out, at = out + re.escape(pattern[at]), at + 1
    return re.compile(out)


def destination_of(store: Store, node: str, target: FileTarget, run_value: str) -> tuple[str, str]:
    """Return where the rows of a run are put, and the mark of the run.

    Append puts one part per run into a folder, so a retry replaces its own part; overwrite replaces one file.

    Raises:
        AuthorError: `DF-FILE-014` when a file stands where the folder must be, or the reverse.
    """
    path = target.path.rstrip("/") if target.write.mode == "append" else target.path
    kind, mark = store.kind_of(path), run_mark(run_value)
    if target.write.mode == "append":
        if kind == "file":
            raise misplaced(node, target.path, "is a file, and append writes one part per run into a folder")
        return f"{path}/{part_name(target, run_value)}", mark
    if kind == "folder" or path.endswith("/"):
        raise misplaced(node, target.path, "is a folder, and overwrite replaces one file")
    return path, mark


def run_mark(run_value: str) -> str:
    return hashlib.sha256(run_value.encode()).hexdigest()[:12]


def part_name(target: FileTarget, run_value: str) -> str:
    """Return the name of a run's part; the same for every try of it."""
    run = _UNSAFE_IN_NAMES.sub("-", run_value.partition("/")[0])[:80]
    return f"part-{run}-{run_mark(run_value)}{part_ending(target)}"


def misplaced(node: str, path: str, why: str) -> AuthorError:
    return AuthorError("DF-FILE-014", f"the path `{path}` {why}", place=Place(node=node))


def no_match(node: str, written: str, looked_at: str) -> AuthorError:
    return AuthorError("DF-FILE-010", f"no file matches `{written}`", place=Place(node=node), hint=looked_at)
