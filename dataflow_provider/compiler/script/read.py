"""A script cut into its statements: targets, marked WITH queries and their texts, character by character.

Texts are cut by the tokens of their engine and never parsed here, so that each keeps its spelling and its comments.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from dataflow_provider.compiler.script.view import Cte, Rows, Statement
from dataflow_provider.compiler.script.write import FILE_HEAD, FILE_LINE, MARK, SECTION
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError, Place

_MARK = re.compile(rf"(?:/\*|--)\s*{MARK}([a-z][a-z0-9_]*)(?:\.(\w+))?")
_SECTION = re.compile(rf"^{SECTION}(\S+) \((\w+)\)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """The SQL of a script and the pipeline file that it carries; None when that was cut off."""

    sql: str
    file: str | None


def is_script(text: str) -> bool:
    """Return whether the text is a script of ours: it carries a file or marks of nodes.

    >>> is_script("SELECT 1"), is_script("WITH a /* node:a */ AS (SELECT 1) SELECT * FROM a")
    (False, True)
    """
    return FILE_HEAD in text or _MARK.search(text) is not None


def split_script(text: str) -> Script:
    """Return the SQL, its lines where they stood, and the file."""
    lines = text.replace("\r\n", "\n").split("\n")
    heads = [at for at, line in enumerate(lines) if line.rstrip() == FILE_HEAD]
    if not heads:
        return Script("\n".join(lines), None)
    start = end = heads[-1] + 1
    while end < len(lines) and lines[end].startswith(FILE_LINE):
        end += 1
    carried = [line[len(FILE_LINE) :].removeprefix(" ") for line in lines[start:end]]
    sql = "\n".join([*lines[: start - 1], *[""] * (end - start + 1), *lines[end:]])
    return Script(sql, "\n".join(carried) + "\n" if carried else None)


def read_statements(sql: str, dialects: Mapping[str, SqlDialect], file: str) -> tuple[Statement, ...]:
    """Return the statements of a script; `dialects` maps its connections, the first one that of what has no section.

    Raises:
        AuthorError: DF-CONV-020 where a statement is not `INSERT INTO … WITH … SELECT`.
    """
    found: list[Statement] = []
    for connection, start, end in _sections(sql, dialects, file):
        # Blank lines in front keep offsets and lines as in the whole script.
        part = re.sub(r"[^\n]", " ", sql[:start]) + sql[start:end]
        for tokens in _split(part, dialects[connection], file):
            found.append(_Reader(part, tokens, connection, file).statement())
    return tuple(found)


def _sections(sql: str, dialects: Mapping[str, SqlDialect], file: str) -> Iterator[tuple[str, int, int]]:
    heads = [*_SECTION.finditer(sql)]
    first = next(iter(dialects), "")
    starts = [(first, 0), *((head[1], head.end()) for head in heads)]
    ends = [*(head.start() for head in heads), len(sql)]
    for (connection, start), end in zip(starts, ends, strict=True):
        if connection not in dialects:
            raise AuthorError(
                "DF-CONV-020",
                f"the script has a part for the connection `{connection}`, which no node of the file runs on",
                place=Place(file, sql.count("\n", 0, start) + 1),
                hint="Add its nodes in the YAML.",
            )
        yield connection, start, end


def _split(sql: str, dialect: SqlDialect, file: str) -> Iterator[list[_Piece]]:
    try:
        tokens = sqlglot.tokenize(sql, dialect=dialect.sqlglot)
    except TokenError as exc:
        raise AuthorError(
            "DF-CONV-020",
            "the script ends inside a string, quoted name or comment",
            place=Place(file),
            hint="Close the quotes or the comment.",
        ) from exc
    pieces: list[_Piece] = []
    at = 0
    for token in tokens:
        gap, at = sql[at : token.start], token.end + 1
        if token.token_type is TokenType.SEMICOLON:
            if pieces:
                yield pieces
            pieces = []
        else:
            pieces.append(_Piece(token, gap))
    if pieces:
        yield pieces


@dataclass(frozen=True)
class _Piece:
    """A token and what stands before it: blanks and comments."""

    token: Token
    gap: str

    @property
    def word(self) -> str:
        return "" if self.token.token_type is TokenType.IDENTIFIER else self.token.text.upper()

    @property
    def mark(self) -> Rows | None:
        found = [*_MARK.finditer(self.gap)]
        return (found[-1][1], found[-1][2]) if found else None


@dataclass
class _Reader:
    """Reads one statement."""

    sql: str
    pieces: list[_Piece]
    connection: str
    file: str
    at: int = 0
    ctes: list[Cte] = field(default_factory=list)

    def statement(self) -> Statement:
        rows = self.pieces[0].mark
        table = self._insert()
        if self._peek() == "WITH":
            self.at += 1
            if self._peek() == "RECURSIVE":
                self._fail("WITH RECURSIVE stands at the top; put it inside a query of its own")
            self._cte()
            while self._peek() == ",":
                self.at += 1
                self._cte()
        table = table or self._insert()
        if self._peek() not in ("SELECT", "("):
            self._fail("a SELECT should stand here")
        start, end = self.pieces[self.at].token.start, self.pieces[-1].token.end + 1
        return Statement(rows, self.connection, table, tuple(self.ctes), self.sql[start:end], line=self._line(start))

    def _insert(self) -> str | None:
        if self._peek() != "INSERT":
            return None
        self.at += 1
        if self._peek() != "INTO":
            self._fail("`INSERT` goes on with `INTO` and a table")
        self.at += 1
        first = self.at
        while self._peek() not in ("WITH", "SELECT", "(", ""):
            self.at += 1
            if self.at < len(self.pieces) and not self._is_joined():
                break
        if self.at == first:
            self._fail("`INSERT INTO` names no table")
        if self._peek() not in ("WITH", "SELECT"):
            self._fail("a table is followed by `WITH` or `SELECT`; columns meet by name")
        return self.sql[self.pieces[first].token.start : self.pieces[self.at - 1].token.end + 1]

    def _is_joined(self) -> bool:
        """Whether a dot stands before or behind, so that the name of a table goes on."""
        return "." in (self.pieces[self.at].token.text, self.pieces[self.at - 1].token.text)

    def _cte(self) -> None:
        name = self._take("a WITH query has no name")
        mark = None
        while (word := self._peek()) in ("AS", "NOT", "MATERIALIZED"):
            mark = mark or self.pieces[self.at].mark
            self.at += 1
        if word != "(" or self.pieces[self.at - 1] is name:
            self._fail(f"`{name.token.text}` is not followed by `AS (`")
        mark = mark or self.pieces[self.at].mark
        opening = self.pieces[self.at].token
        closing = self._closing()
        body = self.sql[opening.end + 1 : closing.start]
        skipped = len(body) - len(body.lstrip())
        line = self._line(opening.end + 1 + skipped)
        self.ctes.append(Cte(name.token.text, mark, textwrap.dedent(body.strip("\n")).strip(), line=line))

    def _line(self, offset: int) -> int:
        return self.sql.count("\n", 0, offset) + 1

    def _closing(self) -> Token:
        depth = 0
        while True:
            piece = self._take("a parenthesis is not closed")
            kind = piece.token.token_type
            depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
            if depth == 0:
                return piece.token

    def _take(self, otherwise: str) -> _Piece:
        if self.at >= len(self.pieces):
            self._fail(otherwise)
        self.at += 1
        return self.pieces[self.at - 1]

    def _peek(self) -> str:
        """Return the next word in capitals; empty at the end and for a quoted name."""
        return self.pieces[self.at].word if self.at < len(self.pieces) else ""

    def _fail(self, what: str) -> None:
        token = self.pieces[min(self.at, len(self.pieces) - 1)].token
        raise AuthorError(
            "DF-CONV-020",
            f"this statement cannot be read as nodes: {what}",
            place=Place(self.file, token.line, token.col),
            hint="A statement is `INSERT INTO table WITH name /* node:id */ AS (SELECT …) SELECT * FROM name;`.",
        )
