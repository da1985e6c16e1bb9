"""Call detail records in ASN.1 (BER), by a declared schema: frames are cut out of the stream, each decoded by itself.

A file of any size is read with one record in memory. A record that does not fit the schema is bad; a frame that ends
behind its surroundings, or the file, breaks the file off, since nobody can tell where the next record begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from dataflow_provider.connectors.ber_frames import FrameError, FrameReader, Header
from dataflow_provider.connectors.cdr_values import CONVERSIONS, plain
from dataflow_provider.connectors.file_rows import bad_file
from dataflow_provider.connectors.json_records import Record, RecordReader
from dataflow_provider.connectors.json_values import JsonError
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.cdr_options import Asn1Field, Asn1Records
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.suggestions import did_you_mean, listed

RECORD_TYPE = "record_type"
PADDING = b"\x00\xff"
"""Bytes that fill the blocks of a file between its records."""
MAX_RAW_CHARACTERS = 4_000
_SQL_TYPES = {"INTEGER": "BIGINT", "BOOLEAN": "BOOLEAN"}

Take = Callable[[Any], Any]


@dataclass(frozen=True)
class Asn1Reading:
    """The compiled schema, and how columns come out of a record."""

    node: str
    options: Asn1Records
    root: Any
    lead: tuple[bytes, ...]
    record: Any
    columns: Mapping[str, str]
    takes: Mapping[str, Take]

    def read(self, stream: BinaryIO, path: str, reader: RecordReader) -> Iterator[Record]:
        """Yield the records of a file; bad ones go to the reader.

        Raises:
            TerminalError: `DF-FILE-017` where the file breaks off.
        """
        frames = FrameReader(stream)
        try:
            while (top := frames.header(padding=PADDING)) is not None:
                for header in self._records_in(frames, top, self.lead):
                    data = header.raw + frames.contents(header)
                    raw = data[: MAX_RAW_CHARACTERS // 2].hex()
                    found = Record(None, path, raw, None, header.offset)
                    try:
                        row = self._row(data)
                    except JsonError as exc:
                        reader.reject(found, str(exc))
                        continue
                    yield Record(row, path, raw, None, header.offset)
        except FrameError as exc:
            raise bad_file(self.node, path, str(exc)) from exc

    def _records_in(self, frames: FrameReader, at: Header, lead: Sequence[bytes]) -> Iterator[Header]:
        """Yield the headers of the records in a frame, which stand at the end of the way that `lead` tells by tags."""
        if not lead:
            yield at
            return
        if at.tag != lead[0]:
            raise FrameError(f"at offset {at.offset} stands another type than `{self.options.type}`")
        if len(lead) == 1:
            yield from frames.children(at)
            return
        for child in frames.children(at):
            if child.tag == lead[1]:
                yield from self._records_in(frames, child, lead[1:])
            else:
                frames.skip(child)

    def _row(self, data: bytes) -> dict[str, Any]:
        import asn1tools

        try:
            value, end = self.record.decode(bytearray(data), 0)
        except (asn1tools.DecodeError, IndexError, ValueError, OverflowError) as exc:
            raise JsonError(f"it does not fit `{self.record.type_name}`: {_short(exc)}") from None
        if not isinstance(value, dict | tuple) or end != len(data):
            raise JsonError("its tag or length is none of the schema's")
        kind = None
        if isinstance(value, tuple):
            kind, value = value
            if kind is None:
                raise JsonError("its tag is none of the schema's")
        row: dict[str, Any] = {} if kind is None else {RECORD_TYPE: kind}
        for name, take in self.takes.items():
            try:
                row[name] = take(value)
            except JsonError as exc:
                raise JsonError(f"its field `{name}` is no {exc}") from None
        return row


def open_asn1(node: str, options: Asn1Records, project: Project | None) -> Asn1Reading:
    """Return how records are read by a schema.

    Raises:
        AuthorError: `DF-READ-005` for a schema that cannot be read, `DF-READ-004` for what does not stand in it,
            `DF-CONN-014` when the package that reads schemas is missing.
    """
    files = (options.schema_file,) if isinstance(options.schema_file, str) else options.schema_file
    found = [Path(project.resolve_file(one)) if project is not None else Path(one) for one in files]
    types = _compiled(node, tuple(map(str, found)), tuple(_state(node, one) for one in found))
    if options.type not in types:
        raise _wrong(node, f"the schema has no type `{options.type}`", options.type, list(types))
    root = _inner(types[options.type].type)
    lead, record = _lead(node, options, root)
    takes: dict[str, Take] = {}
    columns: dict[str, str] = {RECORD_TYPE: "VARCHAR"} if hasattr(record, "name_to_member") else {}
    for name, one in options.fields.items():
        field = Asn1Field(path=one) if isinstance(one, str) else one
        columns[name], takes[name] = _take(node, name, field, record)
    return Asn1Reading(node, options, root, lead, record, columns, takes)


def _lead(node: str, options: Asn1Records, root: Any) -> tuple[tuple[bytes, ...], Any]:
    """Return the tags on the way to the list of records, and the type of a record."""
    if options.records is None:
        return (), root
    at, tags = root, []
    names = options.records.split(".")
    if not hasattr(at, "name_to_member"):
        tags.append(bytes(at.tag))
    for name in names:
        members = _members(at)
        if name not in members:
            raise _wrong(node, f"`records` names `{name}`, which is not in the schema there", name, list(members))
        member = members[name]
        at = _inner(member)
        # A choice has no tag of its own; an explicit tag stands before that of the type inside.
        tags += [bytes(one.tag) for one in dict.fromkeys((member, at)) if getattr(one, "tag", None) is not None]
    if not hasattr(at, "element_type"):
        raise _wrong(node, f"`records` names `{options.records}`, which is no list", "", [])
    return tuple(tags), _inner(at.element_type)


def _take(node: str, column: str, field: Asn1Field, record: Any) -> tuple[str, Take]:
    """Return the SQL type of a column, and what takes its value out of a record."""
    paths = [one.split(".") for one in ((field.path,) if isinstance(field.path, str) else field.path)]
    alternatives = list(record.members) if hasattr(record, "name_to_member") else [record]
    leaves = [leaf for path in paths for one in alternatives if (leaf := _leaf(_inner(one), path)) is not None]
    if not leaves:
        known = sorted({name for one in alternatives for name in _members(_inner(one))})
        raise _wrong(node, f"the field `{column}` has the path `{field.path}`, which no record has", paths[0][0], known)
    kind, convert = ("", plain) if field.as_ is None else CONVERSIONS[field.as_]
    if not kind:
        kinds = {_SQL_TYPES.get(leaf.type_name, "VARCHAR") for leaf in leaves}
        kind = kinds.pop() if len(kinds) == 1 else "VARCHAR"

    def take(value: Any) -> Any:
        for path in paths:
            found = _at(value, path)
            if found is not None:
                return convert(found)
        return None

    return kind, take


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            value = value[1] if value[0] == name else None
        elif isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit():
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _leaf(at: Any, path: Sequence[str]) -> Any | None:
    """Return the type at the end of a path; None when the path leads nowhere."""
    for name in path:
        if hasattr(at, "element_type") and name.isdigit():
            at = _inner(at.element_type)
            continue
        member = _members(at).get(name)
        if member is None:
            return None
        at = _inner(member)
    return at


def _members(at: Any) -> dict[str, Any]:
    if hasattr(at, "name_to_member"):
        return dict(at.name_to_member)
    found = list(getattr(at, "root_members", ()))
    for one in getattr(at, "additions", None) or ():
        found += one if isinstance(one, list) else [one]
    return {one.name: one for one in found}


def _inner(at: Any) -> Any:
    """Return the type behind explicit tags and recursion."""
    while getattr(at, "inner", None) is not None:
        at = at.inner
    return at


# ---------------------------------------------------------------- the schema


def _state(node: str, path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as exc:
        raise _unreadable(node, path.name, exc.strerror or str(exc)) from exc
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)
def _compiled(node: str, paths: tuple[str, ...], state: tuple[tuple[int, int], ...]) -> Mapping[str, Any]:
    try:
        import asn1tools
    except ImportError as exc:
        raise AuthorError(
            "DF-CONN-014",
            f"records in ASN.1 need a package that is not installed: {exc}",
            place=Place(node=node),
            hint="Install it with `pip install 'dataflow-ai[cdr]'`.",
        ) from exc
    try:
        types: Mapping[str, Any] = asn1tools.compile_files(list(paths), "ber").types
    except (asn1tools.ParseError, asn1tools.CompileError, UnicodeDecodeError, RecursionError) as exc:
        raise _unreadable(node, ", ".join(Path(one).name for one in paths), _short(exc)) from exc
    return types


def _unreadable(node: str, name: str, why: str) -> AuthorError:
    return AuthorError(
        "DF-READ-005",
        f"the ASN.1 schema `{name}` cannot be read: {why}",
        place=Place(node=node),
        hint="`schema_file` is relative to the project; name every file that the types come from.",
    )


def _wrong(node: str, text: str, name: str, known: Sequence[str]) -> AuthorError:
    hint = did_you_mean(name, known) or (f"There are {listed(known)}." if known else None)
    return AuthorError("DF-READ-004", text, place=Place(node=node), hint=hint)


def _short(exc: Exception) -> str:
    """Return what a reader of ASN.1 says in one line, without the bytes it shows."""
    return " ".join(str(exc).split())[:200]
