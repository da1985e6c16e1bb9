"""Statements that an author wrote as `pre_sql` and `post_sql`: one, of an allowed kind, that stays in its database.

Read as tokens, so that text in quotes and comments is never mistaken for SQL. It is the second fence: the rights of
the connection's login are the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.errors import AuthorError, TerminalError

_FIRST_WORDS = frozenset(
    {
        "ALTER",
        "ANALYZE",
        "COMMENT",
        "CREATE",
        "DELETE",
        "DROP",
        "INSERT",
        "MERGE",
        "SELECT",
        "TRUNCATE",
        "UPDATE",
        "WITH",
    }
)
_MADE = frozenset({"INDEX", "SCHEMA", "SEQUENCE", "SYNONYM", "TABLE", "VIEW"})
_ADJECTIVES = frozenset(
    {"CLUSTERED", "COLUMN", "EXTERNAL", "FORCE", "GLOBAL", "HASH", "LOCAL", "MATERIALIZED", "MULTISET", "NONCLUSTERED",
     "OR", "PRIVATE", "REPLACE", "ROW", "SET", "TEMP", "TEMPORARY", "TRANSIENT", "UNIQUE", "UNLOGGED", "VOLATILE"}
)  # fmt: skip
_READING = frozenset({"DESC", "DESCRIBE", "EXPLAIN", "HELP", "SEL", "SELECT", "SHOW", "VALUES", "WITH"})
_CHANGING = frozenset({"DELETE", "INSERT", "INTO", "MERGE", "UPDATE"})


def check_author_sql(sql: str, dialect: str, rules: AuthorRules) -> None:
    """Nothing happens when the statement may run.

    Raises:
        AuthorError: `DF-RUN-030` when it may not.
    """
    words = _single(sql, dialect)
    allowed = _FIRST_WORDS | rules.first_words
    if not words or words[0] not in allowed:
        raise _refused(words[0] if words else sql.strip())
    if words[0] in ("CREATE", "ALTER", "DROP"):
        _check_made(words, rules)
    for called, following in zip(words, [*words[1:], ""], strict=True):
        if following == "(" and called in rules.calls:
            raise _refused(f"{called.lower()}()")
    for phrase in rules.phrases:
        for at in range(len(words)):
            if tuple(words[at : at + len(phrase)]) == phrase:
                raise _refused(" ".join(phrase))


def check_one_statement(sql: str, dialect: str) -> None:
    """Nothing happens when the text is one statement.

    Raises:
        TerminalError: `DF-RUN-031` otherwise.
    """
    if ";" in sql.rstrip().rstrip(";"):
        _single(sql, dialect)


def check_reading(sql: str, dialect: str) -> None:
    """Nothing happens when the statement only reads; for engines whose sessions cannot be opened read-only.

    Raises:
        TerminalError: `DF-RUN-016` otherwise.
    """
    words = _single(sql, dialect)
    first = next((word for word in words if word != "("), "")
    changing = next((word for word in words if word in _CHANGING), None) if first == "WITH" else None
    if first not in _READING or changing is not None:
        raise TerminalError(
            "DF-RUN-016",
            f"the session only reads, and `{changing or first}` may change the database",
            hint="Run the pipeline; previews and look-ups only read.",
        )


def _single(sql: str, dialect: str) -> list[str]:
    statements = _split(_words(sql, dialect))
    if len(statements) > 1:
        raise TerminalError("DF-RUN-031", f"one statement was expected and {len(statements)} came")
    return statements[0] if statements else []


def _split(words: Sequence[str]) -> list[list[str]]:
    statements: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    return [statement for statement in statements if statement]


def _words(sql: str, dialect: str) -> list[str]:
    """Return the tokens in capitals; a string is `''`, since only its own engine reads into it."""
    from sqlglot import TokenType, tokenize
    from sqlglot.errors import TokenError

    try:
        tokens = tokenize(sql, read=dialect)
    except TokenError as exc:
        raise AuthorError("DF-RUN-030", "the statement cannot be read: a quote or comment is not closed") from exc
    # MySQL runs what stands in comments of this shape.
    for token in tokens:
        for comment in token.comments:
            if comment.lstrip().startswith(("!", "M!")):
                raise _refused("/*! … */")
    texts = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING})
    return ["''" if token.token_type in texts else token.text.upper() for token in tokens]


def _check_made(words: Sequence[str], rules: AuthorRules) -> None:
    made = next((word for word in words[1:] if word not in _ADJECTIVES), "")
    if made not in _MADE | rules.made:
        raise _refused(f"{words[0]} {made}")
    if "EXTERNAL" in words[:4]:
        raise _refused(f"{words[0]} EXTERNAL")


def _refused(what: str) -> AuthorError:
    return AuthorError(
        "DF-RUN-030",
        f"the statement is not one of those a pipeline may run here: `{what}`",
        hint="Write one INSERT, UPDATE, DELETE, MERGE, SELECT, CREATE, ALTER, DROP or ANALYZE of tables, views and "
        "indexes; transactions, settings, files and other databases are the product's own.",
    )
