"""SQL that an author wrote, as a checked tree: one read-only query, one expression, one type, one frame.

Text goes in with the dialect of its connection; nothing that could change data or reach outside the database comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from dataflow_provider.dialects.allowed import AUTHOR
from dataflow_provider.dialects.base import SqlDialect

_WRITES = (
    exp.DML, exp.DDL, exp.Merge, exp.Drop, exp.Command, exp.Into, exp.Copy, exp.Attach, exp.Pragma, exp.Set, exp.Use,
    exp.Alter, exp.TruncateTable,
)  # fmt: skip
_LOCKING_HINTS = frozenset(
    {"UPDLOCK", "XLOCK", "TABLOCK", "TABLOCKX", "PAGLOCK", "ROWLOCK", "HOLDLOCK", "SERIALIZABLE", "REPEATABLEREAD"}
)
_DATA_FILE = re.compile(
    r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet|arrow|feather|avro|xlsx|db|duckdb|gz|zst|bz2)$", re.IGNORECASE
)
_READS_FILES = re.compile(r"read|scan|glob|csv|parquet|file", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A colon after one of these belongs to the text (`x:field`, `l[1:n]`); anywhere else an operand may start.
_OPERAND_ENDS = frozenset(
    {
        TokenType.VAR, TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.STRING, TokenType.R_PAREN,
        TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END, TokenType.NULL, TokenType.TRUE, TokenType.FALSE,
    }
)  # fmt: skip
_FRAME_SQL = "SELECT SUM(1) OVER (ORDER BY 1 {frame})"


class SqlTextError(Exception):
    """The text is not what its field takes; `offset` (0-based) points into it when known."""

    def __init__(self, code: str, message: str, hint: str | None = None, offset: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.offset = offset


def parse_query(text: str, dialect: SqlDialect) -> exp.Query:
    """Return the one SELECT (or WITH, or set operation) of the text; `:name` is a `Placeholder` in the tree.

    Raises:
        SqlTextError: for a syntax error, several statements, anything but a query, and functions that reach outside.
    """
    tree = parse_any(text, dialect)
    if not isinstance(tree, exp.Query):
        raise SqlTextError(
            "DF-SQL-003",
            f"`{_first_words(text)}` is not a query; one SELECT (with WITH, UNION and the like) is allowed here",
            "Statements that change something belong in `pre_sql` or `post_sql` of a target.",
        )
    _refuse_writes(tree)
    refuse_outside(tree, dialect)
    return tree


def parse_expression(text: str, dialect: SqlDialect) -> exp.Expr:
    """Return the one expression of the text.

    Raises:
        SqlTextError: for a syntax error and everything that is no single expression.
    """
    tree = parse_any(text, dialect, into=exp.Condition)
    is_query = isinstance(tree, exp.Query) and not isinstance(tree, exp.Subquery)
    if is_query or isinstance(tree, exp.Star) or (isinstance(tree, exp.Column) and isinstance(tree.this, exp.Star)):
        raise SqlTextError(
            "DF-SQL-004",
            f"`{_first_words(text)}` is not an expression; one expression without alias is allowed here",
            "Write a whole query in a `transform.sql`.",
        )
    _refuse_writes(tree)
    refuse_outside(tree, dialect)
    return tree


def parse_type(text: str, dialect: SqlDialect) -> exp.DataType:
    """Return the SQL type that the text names.

    Raises:
        SqlTextError: when it is no type, or a type with more behind it (`NOT NULL`, `COLLATE`).
    """
    problem = SqlTextError("DF-SQL-005", f"`{text}` is no SQL type; types look like `INTEGER` or `DECIMAL(10, 2)`")
    if not re.fullmatch(r"[A-Za-z_][\w\s(),\[\]'\"]*", text) or re.search(r"(?i)\b(not|null|collate|default)\b", text):
        raise problem
    try:
        tree = exp.DataType.build(text, dialect=dialect.sqlglot, udt=True)
    except (ParseError, TokenError, TypeError, ValueError) as exc:
        raise problem from exc
    for node in tree.walk():
        node.meta[AUTHOR] = True
    return tree


def parse_frame(text: str, dialect: SqlDialect) -> exp.WindowSpec:
    """Return the frame clause of a window, such as `ROWS BETWEEN 6 PRECEDING AND CURRENT ROW`.

    Raises:
        SqlTextError: when it is no single frame clause.
    """
    problem = SqlTextError(
        "DF-SQL-006",
        f"`{text}` is no frame; frames look like `ROWS BETWEEN 6 PRECEDING AND CURRENT ROW`",
    )
    try:
        trees = sqlglot.parse(_FRAME_SQL.format(frame=text), dialect=dialect.sqlglot)
    except (ParseError, TokenError) as exc:
        raise problem from exc
    tree = trees[0]
    if len(trees) != 1 or not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        raise problem
    window = tree.expressions[0]
    spec = window.args.get("spec") if isinstance(window, exp.Window) else None
    extra = {key for key, value in tree.args.items() if value and key not in ("expressions", "kind")}
    if extra or not isinstance(spec, exp.WindowSpec) or window.find(exp.Query, exp.Column):
        raise problem
    _strip_comments(window)
    for node in spec.walk():
        node.meta[AUTHOR] = True
    return spec


def named_places(text: str, dialect: SqlDialect) -> Iterator[tuple[str, int]]:
    """Yield each `:name` that stands where an operand may start, with the offset of its colon.

    Casts (`x::int`), fields (`v:field`), slices (`l[:n]`), strings and comments are left alone.
    """
    tokens = _tokenize(text, dialect)
    for index, token in enumerate(tokens[:-1]):
        after = tokens[index + 1]
        if token.token_type is not TokenType.COLON or after.start != token.end + 1:
            continue
        if _NAME.fullmatch(after.text) and after.token_type is not TokenType.IDENTIFIER and _starts(tokens, index):
            yield after.text, token.start


def _starts(tokens: Sequence[Token], index: int) -> bool:
    """Return whether an operand may start at this token."""
    if index == 0:
        return True
    before = tokens[index - 1].token_type
    if before is TokenType.L_BRACKET:
        # `l[:n]` is a slice, `[:a, :b]` a list.
        return index == 1 or tokens[index - 2].token_type not in _OPERAND_ENDS
    return before not in _OPERAND_ENDS


def _tokenize(text: str, dialect: SqlDialect) -> tuple[Token, ...]:
    try:
        return _tokens(text, dialect.sqlglot)
    except TokenError as exc:
        raise SqlTextError(
            "DF-SQL-001", "the SQL ends inside a string, quoted name or comment", "Close the quotes or the comment."
        ) from exc


@lru_cache(maxsize=64)
def _tokens(text: str, sqlglot_dialect: str) -> tuple[Token, ...]:
    """Each text is looked at three times in a row: for names, for statements, and once more by the binder."""
    return tuple(_tokenizer(sqlglot_dialect).tokenize(text))


@lru_cache(maxsize=32)
def _tokenizer(sqlglot_dialect: str) -> Tokenizer:
    """Return what cuts any text into words; sqlglot's own leaves what follows a command, as MySQL's REPLACE, whole."""
    engine = sqlglot.Dialect.get_or_raise(sqlglot_dialect)
    whole: type[Tokenizer] = type("Words", (engine.tokenizer_class,), {"COMMANDS": set()})
    return whole(dialect=engine)


def parse_any(text: str, dialect: SqlDialect, into: type[exp.Expr] | None = None) -> exp.Expr:
    """Return the one statement of the text, whatever it may do: for comparing texts, never for running them.

    Raises:
        SqlTextError: for a syntax error and several statements.
    """
    marked = _mark_names(text, dialect)
    engine = sqlglot.Dialect.get_or_raise(dialect.sqlglot)
    try:
        if into is None:
            found = engine.parse(marked)
        else:
            found = engine.parser().parse_into(into, _tokenizer(dialect.sqlglot).tokenize(marked), marked)
        trees = [tree for tree in found if tree is not None]
    except ParseError as exc:
        raise _syntax_error(text, exc) from exc
    except RecursionError as exc:
        raise SqlTextError("DF-SQL-001", "the SQL is nested too deeply", "Split it over several nodes.") from exc
    if not trees:
        raise SqlTextError("DF-SQL-001", "the SQL is empty")
    _strip_comments(trees[0])
    for node in trees[0].walk():
        node.meta[AUTHOR] = True
    return trees[0]


def _mark_names(text: str, dialect: SqlDialect) -> str:
    """Put the dialect's own mark where `:name` stands; of one character, so that offsets stay."""
    tokens = _tokenize(text, dialect)
    for token, after in pairwise(tokens):
        if token.token_type is TokenType.SEMICOLON and after.token_type is not TokenType.SEMICOLON:
            raise SqlTextError(
                "DF-SQL-002",
                "more than one statement stands here; one is allowed",
                "Remove the `;` and what follows it.",
                token.start,
            )
    for token in tokens:
        if token.token_type in (TokenType.PARAMETER, TokenType.PLACEHOLDER):
            raise SqlTextError(
                "DF-SQL-007",
                f"`{text[token.start : token.end + 8].split()[0]}` is a driver's parameter",
                "Declare the value under `params` and write `:name`.",
                token.start,
            )
    executed = ("!", "M!") if dialect.sqlglot == "mysql" else ()
    if executed and any(one.lstrip().startswith(executed) for token in tokens for one in token.comments):
        raise SqlTextError(
            "DF-SQL-003",
            "a comment such as `/*! … */` is a statement to this engine",
            "Write what it holds without the comment, or leave it out.",
        )
    pieces, last = [], 0
    for _, offset in named_places(text, dialect):
        pieces += [text[last:offset], dialect.parameter_mark]
        last = offset + 1
    return "".join([*pieces, text[last:]])


def _syntax_error(text: str, error: ParseError) -> SqlTextError:
    first = error.errors[0] if error.errors else {}
    line, column = int(first.get("line") or 1), int(first.get("col") or 1)
    found = str(first.get("highlight") or "")
    what = str(first.get("description") or "it cannot be read").split("for <class")[0].strip().rstrip(".")
    start = sum(len(one) for one in text.splitlines(keepends=True)[: line - 1])
    offset = min(max(start + column - max(len(found), 1), 0), len(text))
    near = f" near `{found}`" if found else ""
    place = f"line {line}, column {max(column - len(found) + 1, 1)} of the text"
    return SqlTextError(
        "DF-SQL-001",
        f"the SQL has a syntax error{near} at {place}: {what}",
        offset=offset,
    )


def _strip_comments(tree: exp.Expr) -> None:
    """Comments are the compiler's own: an author's could look like a node marker."""
    for node in tree.walk():
        node.comments = None


def _refuse_writes(tree: exp.Expr) -> None:
    for node in tree.find_all(*_WRITES):
        if isinstance(node, exp.Query):
            continue
        raise SqlTextError(
            "DF-SQL-003",
            f"`{type(node).__name__.upper()}` changes something; only reading is allowed here",
            "Statements that change something belong in `pre_sql` or `post_sql` of a target.",
        )
    for node in tree.find_all(exp.Lock, exp.WithTableHint, exp.NextValueFor, exp.QueryTransform, exp.Column, exp.Dot):
        told = _side_effect(node)
        if told is not None:
            raise SqlTextError("DF-SQL-003", f"{told}; only reading is allowed here", "Leave it out.")


def _side_effect(node: exp.Expr) -> str | None:
    """Return what a part of a query does beside reading; None when it does nothing else."""
    if isinstance(node, exp.Lock):
        return "`FOR UPDATE` and its like lock rows"
    if isinstance(node, exp.WithTableHint):
        hints = sorted({one.name.upper() for one in node.expressions} & _LOCKING_HINTS)
        return f"the hint `{hints[0]}` locks rows" if hints else None
    if isinstance(node, exp.QueryTransform):
        return "`TRANSFORM … USING` starts a program"
    if isinstance(node, exp.NextValueFor) or (_is_qualified(node) and node.name.lower() == "nextval"):
        return "the next value of a sequence uses it up"
    return None


def _is_qualified(node: exp.Expr) -> bool:
    return isinstance(node, exp.Dot) or bool(isinstance(node, exp.Column) and node.table)


def refuse_outside(tree: exp.Expr, dialect: SqlDialect) -> None:
    """Refuse functions and table names through which SQL could read files, other databases or run text.

    Raises:
        SqlTextError: naming the function or file.
    """
    for node in tree.find_all(exp.Func):
        name = _function_name(node)
        whole = _qualified(node, name)
        if any(re.fullmatch(dialect.forbidden_function, one) for one in (name, whole)):
            raise SqlTextError(
                "DF-SQL-008",
                f"the function `{whole}` reaches outside the database or runs text as SQL",
                "Read files with a `source.file` node." if _READS_FILES.search(whole) else None,
            )
    for table in tree.find_all(exp.Table, exp.TableFromRows):
        if isinstance(table.this, exp.Func | exp.Dot):
            _refuse_table_function(table.this, dialect)
        elif isinstance(table, exp.Table):
            _refuse_file(".".join(part.name for part in table.parts), dialect)


def _refuse_table_function(call: exp.Expr, dialect: SqlDialect) -> None:
    name = _function_name(call)
    if name not in dialect.table_functions:
        allowed = ", ".join(f"`{one}`" for one in sorted(dialect.table_functions)) or "none"
        raise SqlTextError(
            "DF-SQL-008",
            f"the function `{name or call.sql(dialect.sqlglot)}` cannot be used as a table; allowed are {allowed}",
            "Read files with a `source.file` node.",
        )


def _refuse_file(name: str, dialect: SqlDialect) -> None:
    if is_file_name(name) or re.fullmatch(dialect.forbidden_table, name, re.IGNORECASE):
        raise SqlTextError(
            "DF-SQL-008",
            f"`{name}` would be read as a file or from another server",
            "Read files with a `source.file` node, other servers by a connection of their own.",
        )


def _qualified(node: exp.Expr, name: str) -> str:
    """Return the function with the packages it is called by: `utl_file.fopen`."""
    parent = node.parent
    while isinstance(parent, exp.Dot) and parent.expression is node:
        name = f"{_bare(parent.this)}.{name}"
        node, parent = parent, parent.parent
    return name


def _bare(package: exp.Expr) -> str:
    """Return the names of a package without quotes, which would hide them from the pattern."""
    return ".".join(one.name.lower() for one in package.find_all(exp.Identifier)) or package.name.lower()


def is_file_name(name: str) -> bool:
    """Return whether an engine may take a table name for a file: it has a folder, a scheme or a data file's ending."""
    return bool("/" in name or "\\" in name or "*" in name or _DATA_FILE.search(name))


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        # A name between quotes is an identifier; `name` is its text either way.
        return node.name.lower()
    if isinstance(node, exp.ReadCSV | exp.ReadParquet):
        return "read_csv" if isinstance(node, exp.ReadCSV) else "read_parquet"
    if isinstance(node, exp.ExplodingGenerateSeries):
        return "generate_series"
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _first_words(text: str) -> str:
    words = text.split()
    return " ".join(words[:6]) + (" …" if len(words) > 6 else "")
