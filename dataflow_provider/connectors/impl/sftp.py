"""SFTP servers: files found by globs, read in ranges with many requests under way, and put whole by a rename."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

import paramiko

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.file_options import format_of
from dataflow_provider.connectors.impl.sftp_login import open_client
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.native import page_of
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, SchemaEntry, SchemaPage, SchemaRequest
from dataflow_provider.connectors.stored_files import StoredFilesConnector
from dataflow_provider.connectors.stores import (
    BLOCK_BYTES,
    MAX_LISTED,
    Store,
    StoredFile,
    StoreError,
    changed,
    fixed_part,
    glob_expression,
    is_glob,
)


@dataclass
class SftpStore:
    """One open channel; of the files only the one that is read now is held open."""

    client: paramiko.SFTPClient
    _open: dict[str, paramiko.SFTPFile] = field(default_factory=dict)

    def find(self, pattern: str) -> list[StoredFile]:
        if not is_glob(pattern):
            found = self._stat(pattern)
            return [] if found is None or not _is_file(found) else [_stored(pattern, found)]
        wanted = glob_expression(pattern)
        deepest = None if "**/" in pattern else pattern.count("/")
        with _about(pattern):
            found_below = self.walk(fixed_part(pattern), deepest)
            return sorted((one for one in found_below if wanted.fullmatch(one.path)), key=lambda one: one.path)

    def kind_of(self, path: str) -> Literal["file", "folder"] | None:
        found = self._stat(path)
        if found is None:
            return None
        return "folder" if stat.S_ISDIR(found.st_mode or 0) else "file"

    def read_at(self, file: StoredFile, offset: int, length: int) -> bytes:
        with _about(file.path):
            opened = self._open.get(file.path)
            if opened is None:
                self.close()
                opened = self._open[file.path] = self.client.open(file.path, "rb")
            return b"".join(opened.readv([(offset, length)]))

    def check_unchanged(self, file: StoredFile) -> None:
        with _about(file.path):
            if _stored(file.path, self.client.stat(file.path)) != file:
                raise changed(file.path)

    def put(self, source: Path, path: str, mark: str) -> None:
        folder, _, name = path.rpartition("/")
        temporary = f"{folder}/.{mark}.{name}" if folder or path.startswith("/") else f".{mark}.{name}"
        self._make_folders(folder)
        try:
            with _about(path):
                self._send(source, temporary)
                self.client.posix_rename(temporary, path)
        except BaseException:
            with suppress(Exception):  # The connection may be what failed; the next try writes the same name anew.
                self.client.remove(temporary)
            raise

    def walk(self, folder: str, deepest: int | None) -> Iterator[StoredFile]:
        """Yield the files below a folder, given with its slash or as ""; `deepest` bounds the slashes of a path."""
        for entry in self.client.listdir_attr(folder or "."):
            path, mode = f"{folder}{entry.filename}", entry.st_mode or 0
            if stat.S_ISLNK(mode):
                found = self._stat(path)
                if found is None:
                    continue
                entry, mode = found, found.st_mode or 0
            if stat.S_ISREG(mode):
                yield _stored(path, entry)
            elif stat.S_ISDIR(mode) and (deepest is None or path.count("/") < deepest):
                yield from self.walk(f"{path}/", deepest)

    def close(self) -> None:
        """No file is held open."""
        while self._open:
            self._open.popitem()[1].close()

    def _send(self, source: Path, path: str) -> None:
        with source.open("rb") as rows, self.client.open(path, "wb") as sent:
            sent.set_pipelined(pipelined=True)
            while block := rows.read(BLOCK_BYTES):
                sent.write(block)
        written = self.client.stat(path).st_size
        if written != source.stat().st_size:
            raise StoreError(VendorError(Kind.LOST, "", f"`{path}` has {written} bytes after it was sent"))

    def _stat(self, path: str) -> paramiko.SFTPAttributes | None:
        with _about(path):
            try:
                return self.client.stat(path)
            except FileNotFoundError:
                return None

    def _make_folders(self, folder: str) -> None:
        if not folder or self.kind_of(folder) == "folder":
            return
        self._make_folders(folder.rpartition("/")[0])
        with _about(folder):
            try:
                self.client.mkdir(folder)
            except OSError:
                # Another task may have made it just now.
                if self.kind_of(folder) != "folder":
                    raise


@dataclass
class SftpSession:
    """An open login."""

    ssh: paramiko.SSHClient
    store: SftpStore
    connection: ConnectionSpec


class SftpConnector(StoredFilesConnector[SftpSession]):
    """Takes Airflow's SFTP and SSH connections. A server whose key is not known is not talked to."""

    manifest = BUILT_IN["sftp"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> SftpSession:
        with self.calling(connection):
            ssh = open_client(connection)
            try:
                return SftpSession(ssh, SftpStore(ssh.open_sftp()), connection)
            except BaseException:
                ssh.close()
                raise

    def disconnect(self, session: SftpSession) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            session.store.close()
        session.ssh.close()

    def test_connection(self, session: SftpSession) -> str:
        with self.calling(session.connection):
            folder = session.store.client.normalize(".")
            session.store.client.listdir_attr(folder)
        return f"The server answers; relative paths start at `{folder}`."

    def do_discover_schema(self, session: SftpSession, request: SchemaRequest) -> SchemaPage:
        """Return the files below the login's folder; of a file (`table`) its columns, by the format its name tells."""
        if request.table is not None:
            columns = self.columns_of(session, session.store, request.table)
            return page_of(columns.entries, request)
        found: list[SchemaEntry] = []
        with self.calling(session.connection):
            for file in session.store.walk("", None):
                hidden = any(part.startswith(".") for part in PurePosixPath(file.path).parts)
                if format_of(file.path) and not hidden:
                    found.append(SchemaEntry("file", file.path, (file.path,)))
                if len(found) >= MAX_LISTED:
                    break
        return page_of(sorted(found, key=lambda one: one.name), request)

    def store_of(self, session: SftpSession, request: ExtractRequest | LoadRequest) -> Store:
        return session.store

    def connection_of(self, session: SftpSession) -> ConnectionSpec:
        return session.connection

    def vendor_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, paramiko.SSHException | EOFError):
            return VendorError(Kind.LOST, type(exc).__name__, str(exc) or "the server closed the connection")
        return super().vendor_error(exc)


@contextmanager
def _about(path: str) -> Iterator[None]:
    """An error from inside names the file."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, EOFError, paramiko.SSHException) as exc:
        raise StoreError(_error_of(exc, path)) from exc


def _error_of(exc: Exception, path: str) -> VendorError:
    code = type(exc).__name__
    if isinstance(exc, FileNotFoundError):
        return VendorError(Kind.MISSING, code, f"there is no `{path}`")
    if isinstance(exc, PermissionError):
        return VendorError(Kind.RIGHTS, code, f"`{path}`: permission denied", "Let the login read and write there.")
    if isinstance(exc, EOFError | paramiko.SSHException | ConnectionError | TimeoutError) or _is_closed(exc):
        return VendorError(Kind.LOST, code, f"the connection broke off at `{path}`")
    # The protocol has one code for every other failure of the server.
    hint = "Look whether the server's disk or the login's quota is full, and whether the path may be written."
    return VendorError(Kind.REFUSED, code, f"`{path}`: the server says `{' '.join(str(exc).split())}`", hint)


def _is_closed(exc: Exception) -> bool:
    return isinstance(exc, OSError) and "Socket is closed" in str(exc)


def _is_file(found: paramiko.SFTPAttributes) -> bool:
    return not stat.S_ISDIR(found.st_mode or 0)


def _stored(path: str, found: paramiko.SFTPAttributes) -> StoredFile:
    return StoredFile(path, found.st_size or 0, f"{found.st_mtime}:{found.st_size}")
