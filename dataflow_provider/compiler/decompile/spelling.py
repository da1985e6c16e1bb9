"""Trees as the text of a node's field: names as they must be written in the dialect, values as `:name`."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import NormalizationStrategy

from dataflow_provider.dialects.base import SqlDialect

_PLAIN = {
    NormalizationStrategy.LOWERCASE: re.compile(r"[a-z_][a-z0-9_]*"),
    NormalizationStrategy.UPPERCASE: re.compile(r"[A-Z_][A-Z0-9_]*"),
}
# Reserved words that sqlglot knows only as a part of longer ones.
_MORE_WORDS = frozenset({"GROUP", "ORDER", "BY", "IS", "TO", "USER", "CHECK", "PRIMARY", "FOREIGN", "GRANT"})
_ANY_CASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Spelling:
    """Writes names and expressions for one dialect."""

    def __init__(self, dialect: SqlDialect) -> None:
        self.dialect = dialect
        self._engine = sqlglot.Dialect.get_or_raise(dialect.sqlglot)
        self._plain = _PLAIN.get(self._engine.normalization_strategy, _ANY_CASE)
        self._words = _MORE_WORDS | frozenset(self._engine.tokenizer_class.KEYWORDS)

    def identifier(self, name: str) -> exp.Identifier:
        """Return the name, quoted where the engine would read it otherwise."""
        return exp.to_identifier(name, quoted=not self._plain.fullmatch(name) or name.upper() in self._words)

    def column(self, name: str, side: str | None = None) -> exp.Column:
        return exp.Column(this=self.identifier(name), table=exp.to_identifier(side) if side else None)

    def text(self, tree: exp.Expr, *, pretty: bool = False, as_written: bool = False) -> str:
        """Return the tree as one expression or query, its placeholders spelled `:name`; odd names get quotes."""
        holder = exp.Paren(this=tree.copy())
        for placeholder in list(holder.find_all(exp.Placeholder)):
            placeholder.replace(exp.Var(this=f":{placeholder.name}"))
        for name in list(holder.find_all(exp.Identifier)):
            if isinstance(name.parent, exp.Column | exp.Alias) and not as_written:
                name.set("quoted", bool(name.args.get("quoted")) or self.identifier(name.name).args["quoted"])
        return str(holder.this.sql(dialect=self.dialect.sqlglot, pretty=pretty, comments=False))

    def order_name(self, name: str) -> str:
        """Return a column as `order_by` lists name it: quoted when a word of it could be read as a direction."""
        plain = re.fullmatch(r"\w+", name)
        return name if plain else '"' + name.replace('"', '""') + '"'

    def order_term(self, name: str, ordered: exp.Ordered) -> str:
        """Return one term of an `order_by`; NULLS LAST is what a node means without a word."""
        way = " DESC" if ordered.args.get("desc") else ""
        nulls = " NULLS FIRST" if ordered.args.get("nulls_first") else ""
        return f"{self.order_name(name)}{way}{nulls}"
