"""What the options of a file node mean, decided once for every way of reading and writing files.

Values are plain; who renders them into SQL, or reads by itself, is others' business.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence

from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.nodes import FileFormat, FileOptions, FileSource, FileTarget
from dataflow_provider.spec.suggestions import did_you_mean, listed

Option = str | int | bool
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
_FORMATS: Mapping[str, FileFormat] = {
    "csv": "csv", "parquet": "parquet", "json": "json", "jsonl": "json", "ndjson": "json",
}  # fmt: skip
# Never in a text file: with it a whole line is one field.
_NO_DELIMITER = "\x01"
_NO_NULL = "\x02"
_SURE_LETTERS = 3
"""A shorter header can be of two encodings at once."""
DEFAULT_DELIMITER, DEFAULT_QUOTE = ",", '"'


def quote_of(options: FileOptions) -> str:
    return DEFAULT_QUOTE if options.quote is None else options.quote


def delimiter_of(options: FileOptions) -> str:
    return DEFAULT_DELIMITER if options.delimiter is None else options.delimiter


def csv_options(options: FileOptions) -> dict[str, Option]:
    """Return how a CSV file is read, by DuckDB's names; nothing is left to be guessed from the rows."""
    quote = quote_of(options)
    return {
        "delim": delimiter_of(options),
        "quote": quote,
        "escape": quote if options.escape is None else options.escape,
        "header": options.header is not False,
        "nullstr": options.null or "",
        "skip": options.skip_rows or 0,
        **({"encoding": options.encoding} if options.encoding else {}),
        **read_compression(options),
        **time_formats(options),
    }


def first_line_options(options: FileOptions) -> dict[str, Option]:
    """Return how the lines of a CSV file are read as one field each."""
    return {
        **csv_options(options),
        "auto_detect": False,
        "header": False,
        "delim": _NO_DELIMITER,
        "quote": "",
        "escape": "",
        "nullstr": _NO_NULL,
    }


def time_formats(options: FileOptions) -> dict[str, str]:
    given = {"dateformat": options.date_format, "timestampformat": options.timestamp_format}
    return {name: value for name, value in given.items() if value}


def read_compression(options: FileOptions) -> dict[str, str]:
    given = options.compression
    return {"compression": given} if given and given != "auto" else {}


def compression_of(options: FileOptions, path: str) -> str | None:
    """Return how a file is packed, by its options or the ending of its name; None for one that is not.

    >>> compression_of(FileOptions(), "calls.csv.gz"), compression_of(FileOptions(compression="none"), "calls.csv.gz")
    ('gzip', None)
    """
    if options.compression in (None, "auto"):
        return next((name for ending, name in _COMPRESSIONS.items() if path.lower().endswith(ending)), None)
    return None if options.compression == "none" else options.compression


def copy_options(target: FileTarget) -> dict[str, Option]:
    """Return how a target is written, by the names of DuckDB's COPY; compression follows the target's own name."""
    options = target.options
    given: dict[str, Option] = {"FORMAT": target.format.upper()}
    if target.format == "csv":
        read = csv_options(options)
        given |= {
            "HEADER": read["header"],
            "DELIMITER": read["delim"],
            "QUOTE": read["quote"],
            "ESCAPE": read["escape"],
            "NULLSTR": read["nullstr"],
        }
    if target.format != "parquet":
        given |= {name.upper(): value for name, value in time_formats(options).items()}
    compression = compression_of(options, target.path)
    if compression is None and options.compression == "none":
        compression = "uncompressed" if target.format == "parquet" else "none"
    return given | ({"COMPRESSION": compression.upper()} if compression else {})


def part_ending(target: FileTarget) -> str:
    """Return the ending of a part's name, such as `.csv.gz`."""
    return f".{target.format}{_ENDINGS.get(target.options.compression or '', '')}"


def format_of(name: str) -> FileFormat | None:
    """Return the format that a file's name tells; None for another kind of file.

    >>> format_of("day=1/calls.CSV.gz"), format_of("notes.txt")
    ('csv', None)
    """
    parts = name.lower().rpartition("/")[2].split(".")[1:]
    return _FORMATS.get(next((part for part in reversed(parts) if part not in ("gz", "zst")), ""))


# ---------------------------------------------------------------- columns of CSV


def split_header(line: str, options: FileOptions) -> list[str]:
    """Return the fields of the first line of a CSV file, a byte order mark left out."""
    quote = quote_of(options)
    reader = csv.reader(
        [line.removeprefix("\ufeff")],
        delimiter=delimiter_of(options),
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    return next(reader, [])


def header_names(path: str, line: str, options: FileOptions) -> list[str]:
    """Return the column names by the first line of a file.

    Raises:
        AuthorError: `DF-SQL-026` when it names one twice.
    """
    fields = split_header(line, options)
    if options.header is False:
        return [f"column{number}" for number in range(len(fields))]
    names = [name or f"column{number}" for number, name in enumerate(fields)]
    folded = [name.casefold() for name in names]
    repeated = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if repeated:
        raise AuthorError(
            "DF-SQL-026",
            f"`{path}` names the column {listed(repeated)} more than once",
            hint="Correct the header, or read without it: `options: {header: false, skip_rows: 1}` and a `schema`.",
        )
    return names


def _refuse_other_encoding(path: str, line: str, options: FileOptions) -> None:
    """Any even number of bytes is some text of UTF-16, so DuckDB reads another file as one long header and no rows."""
    delimiter = options.delimiter or ","
    if (options.encoding or "").casefold() not in ("utf-16", "utf16") or delimiter in line or len(line) < _SURE_LETTERS:
        return
    written = line.encode("utf-16-le", "surrogatepass")
    for other in ("utf-8", "utf-16-be"):
        try:
            read = written.decode(other)
        except UnicodeDecodeError:
            continue
        if delimiter in read or "\n" in read:
            hint = (
                "Leave `options: {encoding: …}` out."
                if other == "utf-8"
                else "Have it written in UTF-8, or in UTF-16 of little endian."
            )
            raise AuthorError("DF-SQL-022", f"`{path}` is not in the encoding utf-16, but reads as {other}", hint=hint)


def common_header(lines: Iterable[tuple[str, str | None]], source: FileSource) -> list[str] | None:
    """Return the column names by path and first line of every file, which must agree; an empty file has no say.

    None when all are empty and the columns are declared.

    Raises:
        AuthorError: `DF-SQL-022` for another encoding than was named, `DF-SQL-024` when they differ, `DF-SQL-025` when
            nothing tells the columns, `DF-SQL-026` for a name that comes twice.
    """
    first: tuple[str, list[str]] | None = None
    for path, line in lines:
        if line is None:
            continue
        _refuse_other_encoding(path, line, source.options)
        names = header_names(path, line, source.options)
        if first is None:
            first = (path, names)
        elif names != first[1]:
            raise AuthorError(
                "DF-SQL-024",
                f"the files differ in their columns: `{first[0]}` has {listed(first[1])}, `{path}` has {listed(names)}",
                hint="Read them by separate nodes and put them together in a `transform.union`.",
            )
    if first is None and not source.schema_:
        raise AuthorError(
            "DF-SQL-025",
            f"`{source.path}` is empty, without even a header, so its columns are unknown",
            hint="Declare them under `schema`.",
        )
    return None if first is None else first[1]


def columns_in_file(source: FileSource, header: Sequence[str] | None) -> dict[str, str]:
    """Return name and type of every column of the file, in its order; one that is not declared is text."""
    types = source.schema_ or {}
    if header is None or (source.options.header is False and types):
        return dict(types)
    return {name: types.get(find_name(name, types) or "", "VARCHAR") for name in header}


def wanted_columns(source: FileSource, found: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that the source gives: those declared, in that order, by the file's own spelling; else all."""
    types = source.schema_ or {}
    return {find_name(name, found) or name: kind for name, kind in types.items()} or dict(found)


def undeclared_in_file(name: str, header: Sequence[str]) -> AuthorError | None:
    """Return the error for a declared column that the file does not have; None when it has it."""
    if find_name(name, header) is not None:
        return None
    return AuthorError(
        "DF-SQL-023",
        f"the file has no column `{name}`; its header names {listed(header)}",
        hint=did_you_mean(name, header),
    )


def find_name(name: str, names: Iterable[str]) -> str | None:
    """Return the spelling of a column among names; case does not count where no other differs by it."""
    known = list(names)
    if name in known:
        return name
    return next((one for one in known if one.casefold() == name.casefold()), None)
