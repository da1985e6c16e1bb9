"""Files on the local disk and in object stores: which ones a path stands for, and how a written one becomes visible."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow

from dataflow_provider.connectors.base import FileDestination, SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.file_options import format_of
from dataflow_provider.connectors.file_rows import FileReading, write_file
from dataflow_provider.connectors.hook_connection import missing_driver
from dataflow_provider.connectors.impl.local_store import LocalStore, sync
from dataflow_provider.connectors.impl.object_fields import SCHEMES, told_bucket
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.native import page_of
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, SchemaEntry, SchemaPage, SchemaRequest
from dataflow_provider.connectors.stored_files import StoredFilesConnector, engine
from dataflow_provider.connectors.stores import MAX_LISTED, Store, StoreError, misplaced, part_name, run_mark
from dataflow_provider.errors import AuthorError, Place, TerminalError
from dataflow_provider.spec.nodes import FileSource, FileTarget
from dataflow_provider.spec.project import Project, is_remote

if TYPE_CHECKING:
    from dataflow_provider.connectors.impl.objects import ObjectStore


@dataclass(frozen=True)
class FileSession:
    """The folders that may be touched, and the object store that a connection leads to, when there is one."""

    roots: tuple[Path, ...]
    connection: ConnectionSpec
    objects: ObjectStore | None = None


class FileConnector(StoredFilesConnector[FileSession]):
    """Files below the project's roots or in an object store; readers never see a half-written one.

    An engine that reads local files itself does so by `find`, and writes by `destination` … `publish`.
    """

    manifest = BUILT_IN["file"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> FileSession:
        if connection.conn_type not in SCHEMES.values():
            return FileSession(options.file_roots, connection)
        try:
            from dataflow_provider.connectors.impl.objects import ObjectStore
        except ImportError as exc:
            raise missing_driver(connection, "objects", str(exc)) from exc
        return FileSession(options.file_roots, connection, ObjectStore(connection))

    def disconnect(self, session: FileSession) -> None:
        """Nothing is held open."""

    def store_of(self, session: FileSession, request: ExtractRequest | LoadRequest) -> Store:
        path = str(request.options["path"])
        if not is_remote(path):
            return LocalStore(_project_of(request))
        if session.objects is None:
            raise _needs_connection(request.node, path)
        return session.objects

    def connection_of(self, session: FileSession) -> ConnectionSpec:
        return session.connection

    def where_looked(self, session: FileSession, written: str) -> str:
        if is_remote(written):
            return f"Looked on connection `{session.connection.conn_id}`; check the bucket and the pattern."
        return "Relative paths start at the project."

    def test_connection(self, session: FileSession) -> str:
        if session.objects is not None:
            base = self._bucket(session)
            with self.calling(session.connection):
                found = next(session.objects.walk(base, ""), None)
            return f"The store answers: `{base}` {'is empty' if found is None else 'has objects'}."
        for root in session.roots:
            try:
                os.listdir(root)
            except OSError as exc:
                raise TerminalError(
                    "DF-FILE-015",
                    f"the folder `{root}` cannot be read: {exc.strerror}",
                    hint="Make it, let this user read it, or take it out of `AIRFLOW__DATAFLOW__FILE_ROOTS`.",
                ) from exc
        return "Files may lie below " + ", ".join(f"`{root}`" for root in session.roots) + "."

    def do_discover_schema(self, session: FileSession, request: SchemaRequest) -> SchemaPage:
        """Return the files below the roots; of a file (`table`) its columns, by the format its name tells."""
        if session.objects is not None:
            return self._discover_objects(session, session.objects, request)
        if request.table is None:
            found = [path for root in session.roots for path in sorted(root.rglob("*")) if format_of(path.name)]
            return page_of([SchemaEntry("file", str(path), (str(path),)) for path in found], request)
        path, project = request.table, Project(Path("/"), "", session.roots, Path("/"))
        source = FileSource(type="source.file", path=path, format=format_of(path) or "csv")
        found_at = self.find("discover", path, project)[0]
        with engine(session.roots) as raw:
            columns = FileReading(raw, source, ExtractRequest("discover"), [found_at]).describe()
        entries = [SchemaEntry("column", name, (path, name), type=kind) for name, kind in columns]
        return page_of(entries, request)

    def _discover_objects(self, session: FileSession, objects: ObjectStore, request: SchemaRequest) -> SchemaPage:
        if request.table is not None:
            return page_of(self.columns_of(session, objects, request.table).entries, request)
        with self.calling(session.connection):
            known = (one.path for one in objects.walk(self._bucket(session), "") if format_of(one.path))
            found = sorted(islice(known, MAX_LISTED))
        return page_of([SchemaEntry("file", path, (path,)) for path in found], request)

    def _bucket(self, session: FileSession) -> str:
        """Return the root of the bucket that the connection names."""
        bucket = told_bucket(session.connection)
        scheme = next(one for one, kind in SCHEMES.items() if kind == session.connection.conn_type)
        with self.calling(session.connection):
            if bucket is None:
                hint = "Add `bucket_name` to the extra; nodes name a bucket in their path."
                raise StoreError(VendorError(Kind.SETUP, "", "it names no bucket to look into", hint))
        return f"{scheme}://{bucket}/"

    def do_extract_data(self, session: FileSession, request: ExtractRequest) -> Iterator[Any]:
        if not _is_read_by_engine(request):
            yield from super().do_extract_data(session, request)
            return
        source = FileSource.model_validate({"type": "source.file", **request.options})
        paths = self.find(request.node, source.path, _project_of(request))
        with engine(session.roots) as raw:
            yield from FileReading(raw, source, request, paths).batches()

    def do_load_data(self, session: FileSession, batches: Iterator[Any], request: LoadRequest) -> int:
        if not _is_read_by_engine(request):
            return super().do_load_data(session, batches, request)
        written = {"type": "target.file", **request.options, "write": {"mode": request.mode}}
        target = FileTarget.model_validate(written)
        destination = self.destination(request.node, target, _project_of(request), request.marker)
        self.prepare(destination)
        try:
            first = next(batches)
            reader = pyarrow.RecordBatchReader.from_batches(first.schema, chain((first,), batches))
            with engine(session.roots) as raw:
                rows = write_file(raw, target, reader, destination.temporary)
            self.publish(destination)
        except BaseException:
            self.discard(destination)
            raise
        return rows

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
        if target.write.mode == "append":
            _refuse(path.is_file(), node, target, "is a file, and append writes one part per run into a folder")
            final = path / part_name(target, run_value)
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
        return FileDestination(node, str(final.parent / f".{run_mark(run_value)}.{final.name}"), str(final))

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
            sync(destination.temporary)
            os.replace(destination.temporary, destination.final)
            sync(os.path.dirname(destination.final))
        except OSError as exc:
            raise _failed(destination, exc) from exc

    def discard(self, destination: FileDestination) -> None:
        """The temporary file is gone; none is no error."""
        Path(destination.temporary).unlink(missing_ok=True)


def _project_of(request: ExtractRequest | LoadRequest) -> Project:
    if request.project is None:
        raise AuthorError("DF-CONN-017", "files need a project to lie in", place=Place(node=request.node))
    return request.project


def _failed(destination: FileDestination, exc: OSError) -> TerminalError:
    return TerminalError(
        "DF-FILE-012",
        f"the file `{destination.final}` could not be written: {exc.strerror}",
        place=Place(node=destination.node),
    )


def _is_read_by_engine(request: ExtractRequest | LoadRequest) -> bool:
    kind = request.options["format"]
    judged = kind == "json" and isinstance(request, ExtractRequest) and request.on_bad_record != "fail"
    return kind != "cdr" and not judged and not is_remote(str(request.options["path"]))


def _needs_connection(node: str, written: str) -> AuthorError:
    wanted = " or ".join(f"`{scheme}://` of type `{kind}`" for scheme, kind in SCHEMES.items())
    return AuthorError(
        "DF-FILE-013",
        f"the path `{written}` lies in an object store, and `{node}` names no connection to it",
        place=Place(node=node),
        hint=f"Add `connection: <id of an Airflow connection>`: {wanted}.",
    )


def _require_local(node: str, written: str) -> None:
    if is_remote(written):
        raise _needs_connection(node, written)


def _refuse(wrong: bool, node: str, target: FileTarget, why: str) -> None:
    if wrong:
        raise misplaced(node, target.path, why)
