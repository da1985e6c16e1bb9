"""What every dialect keeps to. A new one gets all of it by a subclass: `docs/dialects.md` shows how."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import TokenError

from dataflow_provider.compiler.sqltext import SqlTextError, parse_query
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.publish import Layout, Merge
from dataflow_provider.dialects.render import render

ODD_NAMES = (  # each could break out of quotes or be read as something else
    "select",
    "Mixed Case",
    "größe",
    "日本",
    'a"b',
    "a`b",
    "a]b",
    "a.b",
    "x; DROP TABLE t",
    "--",
    "/* */",
    "a'b",
)
ODD_TEXTS = (
    "",
    "it's",
    "a\\b",
    "a\\'b",
    "ends with \\",
    "größe 日本",
    "-- no comment",
    "/* nor this",
    "a;b",
    '"',
    "\n",
    "%s :x ?",
)
# In DuckDB's words, as the compiler makes its trees.
TREES = (
    "SELECT a, b AS c FROM t WHERE a = 1 AND b IS NULL",
    "SELECT a, COUNT(*) AS n FROM t GROUP BY a",
    "SELECT * FROM t LEFT JOIN u ON t.a = u.a",
    "SELECT a FROM t ORDER BY a DESC NULLS LAST LIMIT 3",
    "SELECT a FROM t ORDER BY a OFFSET 2",
    "SELECT a FROM t UNION ALL SELECT b AS a FROM u",
    "WITH x AS (SELECT a FROM t) SELECT x.a FROM x",
    "SELECT CAST(a AS VARCHAR) AS b, CAST(a AS BIGINT) AS c, CAST('2026-01-01' AS DATE) AS d FROM t",
    "SELECT TRY_CAST(a AS BIGINT) AS b FROM t",
    "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) = 1 LIMIT 2",
    "SELECT TRUE AS b FROM t WHERE FALSE",
    "SELECT t.a FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.a",
)
_CHANGES = re.compile(r"\s*(INSERT|DELETE|UPDATE|MERGE|REPLACE|TRUNCATE|WITH)\b", re.IGNORECASE)


class DialectConformance:
    """Subclass it with `dialect`; `shells` are patterns of statements that the parser has no words for."""

    dialect: ClassVar[SqlDialect]
    shells: ClassVar[tuple[str, ...]] = ()

    # ------------------------------------------------------------ names and texts

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_name_comes_back_whole(self, name: str) -> None:
        table = exp.to_table(self.dialect.stage_table(name), dialect=self.dialect.sqlglot)
        assert tuple(part.name for part in table.parts) == self.dialect.stage_parts(name)
        tree = exp.Select(expressions=[exp.Column(this=exp.to_identifier(name, quoted=True))]).from_(exp.to_table("t"))
        assert self.read(render(tree, self.dialect)).selects[0].name == name

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_text_comes_back_whole(self, text: str) -> None:
        tree = exp.Select(expressions=[exp.alias_(exp.Literal.string(text), "v", quoted=True)]).from_(exp.to_table("t"))
        assert self.read(render(tree, self.dialect)).selects[0].unalias().name == text
        if text and "\\" not in text:  # some engines take bytes for those, or NULL for a text of nothing
            written = self.read(f"SELECT {self.dialect.publish.text(text)} AS v")
            assert written.selects[0].unalias().name == text

    # ------------------------------------------------------------ queries

    @pytest.mark.parametrize("text", TREES)
    def test_tree_is_written_as_the_engine_reads_it_or_refused_with_an_alternative(self, text: str) -> None:
        tree = sqlglot.parse_one(text, dialect="duckdb")
        names = tree.named_selects if isinstance(tree, exp.Query) else []
        try:
            written = render(tree, self.dialect)
        except UnsupportedHereError as refusal:
            told = refusal
        else:
            read = [name.lower() for name in self.read(written).named_selects]
            assert read == [name.lower() for name in names]
            return
        assert told.code == "DF-SQL-021"
        assert told.hint

    def test_same_tree_gives_the_same_text(self) -> None:
        tree = sqlglot.parse_one(TREES[0], dialect="duckdb")
        assert render(tree.copy(), self.dialect) == render(tree, self.dialect)

    def test_node_that_nobody_listed_is_refused(self) -> None:
        if self.dialect.emits is not None:
            with pytest.raises(UnsupportedHereError):
                render(exp.Select(expressions=[exp.Anonymous(this="NOBODY_KNOWS")]), self.dialect)

    @pytest.mark.parametrize(
        "text", ["SELECT 1; SELECT 2", "DROP TABLE t", "DELETE FROM t", "SELECT * FROM t FOR UPDATE"]
    )
    def test_query_of_an_author_only_reads(self, text: str) -> None:
        with pytest.raises(SqlTextError):
            parse_query(text, self.dialect)

    # ------------------------------------------------------------ statements

    def test_shells_hold_their_query_and_name_their_table(self) -> None:
        query = render(sqlglot.parse_one("SELECT * FROM t", dialect="duckdb"), self.dialect)
        table = self.dialect.stage_table("kept rows")
        for made in (self.dialect.create_stage(table, query), self.dialect.create_temporary(table, query)):
            assert any(table in statement for statement in made)
            for statement in (*made, self.dialect.drop_table(table)):
                assert self.is_read(statement), statement

    def test_publish_is_made_of_single_statements_that_change_rows(self) -> None:
        publish, keys = self.dialect.publish, [("k", "k")]
        pairs = [("k", "k"), ("v", "v")]
        table, source = publish.table("m.t"), f"SELECT * FROM {publish.quote('s')}"
        merge = Merge(table, source, keys, [("v", "v")], pairs, stage=publish.quote("s"))
        groups = (
            (publish.insert(table, ["k", "v"], source),),
            publish.overwrite(table, ["k", "v"], source),
            publish.replace_where(table, f"{publish.quote('k')} = 1", ["k", "v"], source),
            publish.replace_keys(table, source, keys, ["k", "v"], source),
            publish.merge(merge),
        )
        for group in groups:
            assert group
            assert self.dialect.transaction.statements_share or len(group) == 1, "a publish here is one statement"
            for statement in group:
                assert _CHANGES.match(statement), statement
                assert self.is_one(statement), statement
        assert publish.create_table(table, source, {}, Layout())

    def test_moments_keep_their_fraction(self) -> None:
        text = self.dialect.publish.timestamp(datetime(2026, 1, 2, 3, 4, 5, 250000))
        assert re.search(r"2026-01-02[ T]03:04:05\.25", text)

    def test_no_share_of_a_transaction_is_promised_with_statements_that_stand_alone(self) -> None:
        plan = self.dialect.transaction
        assert plan.statements_share or plan.snapshot is None

    # ------------------------------------------------------------ reading

    def read(self, text: str) -> exp.Query:
        """Return the query as the engine's own dialect reads it; nothing in it stays unread."""
        tree = sqlglot.parse_one(self.readable(text), dialect=self.dialect.sqlglot)
        assert isinstance(tree, exp.Query)
        assert tree.find(exp.Command) is None
        return tree

    def readable(self, text: str) -> str:
        """Return the query in words the parser has; override it where the engine has more."""
        return text

    def is_read(self, statement: str) -> bool:
        if any(re.fullmatch(shell, statement, re.DOTALL) for shell in self.shells):
            return True
        tree = sqlglot.parse_one(statement, dialect=self.dialect.sqlglot)
        return tree.find(exp.Command) is None

    def is_one(self, statement: str) -> bool:
        try:
            tokens = list(sqlglot.tokenize(statement, dialect=self.dialect.sqlglot))
        except TokenError:
            return False
        return all(token.text != ";" for token in tokens[:-1])
