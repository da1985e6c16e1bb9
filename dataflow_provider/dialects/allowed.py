"""Which kinds of nodes the product may write on an engine; what is not listed is refused, never written in hope.

sqlglot writes what it does not know as it stands and leaves out what an engine lacks. An author's own text is in the
words of its engine and is the database's to judge, so its nodes are marked when they are parsed, and pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

    from dataflow_provider.dialects.base import SqlDialect

AUTHOR = "author"
"""Where the `meta` of a node says that an author wrote it."""

EVERYWHERE = frozenset(
    {
        # queries
        "Alias", "Column", "Distinct", "Exists", "Fetch", "From", "Group", "Having", "Identifier", "Join", "Limit",
        "Order", "Ordered", "Select", "Star", "Subquery", "Table", "TableAlias", "Union", "Where",
        # conditions and values
        "Abs", "Add", "And", "Avg", "Between", "Case", "Cast", "Coalesce", "Count", "DataType", "DataTypeParam", "Div",
        "EQ", "GT", "GTE", "If", "In", "Is", "LT", "LTE", "Length", "Like", "Literal", "Lower", "Max", "Min", "Mul",
        "NEQ", "Neg", "Not", "Null", "Or", "Paren", "Round", "Sub", "Substring", "Sum", "Trim", "Upper", "Var",
        # the author's parameters before a run gives their values
        "Placeholder",
    }
)  # fmt: skip
WITH_CLAUSES = frozenset({"CTE", "With"})
WINDOWS = frozenset({"Lag", "Lead", "Offset", "RowNumber", "Window", "WindowSpec"})
"""Window functions, and OFFSET, which is counted by one where there is no word for it."""


def refuse_unlisted(tree: exp.Expr, dialect: SqlDialect) -> None:
    """Refuse nodes of the product's own that the engine is not known to read.

    Raises:
        UnsupportedHereError: naming the node and the engine.
    """
    # Late, since the Dag factory must not pay for sqlglot.
    from dataflow_provider.dialects.passes import UnsupportedHereError

    if dialect.emits is None:
        return
    listed = EVERYWHERE | dialect.emits
    for node in tree.walk():
        word = _word(node)
        if word not in listed and AUTHOR not in node.meta:
            raise UnsupportedHereError(
                f"`{word}`, which a node of the pipeline needs",
                dialect.name,
                "Write that part in a `transform.sql` in the engine's own words, or run it on another connection.",
            )


def _word(node: exp.Expr) -> str:
    from sqlglot import exp

    return f"{str(node.this).upper()}()" if isinstance(node, exp.Anonymous) else type(node).__name__
