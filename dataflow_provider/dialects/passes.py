"""Rewrites of a finished tree that several engines share: each takes a tree and returns one of equal meaning.

What an engine cannot say is refused here, with the nearest alternative; sqlglot would leave it out in silence.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.errors import AuthorError

RANK = "_df_rank"
_VOLATILE = (exp.Rand, exp.Randn, exp.Uuid, exp.TableSample)
_VOLATILE_NAMES = frozenset(
    {"rand", "rand2", "random", "newid", "newsequentialid", "uniform", "gen_random_uuid", "sys_guid", "random_bytes",
     "randomblob", "rand_secure", "random_uuid", "value"}
)  # fmt: skip
_NOT_FINITE = ("inf", "-inf", "nan")


class UnsupportedHereError(AuthorError):
    """The engine has no such feature; `alternative` says what comes nearest."""

    def __init__(self, feature: str, engine: str, alternative: str) -> None:
        super().__init__("DF-SQL-021", f"{engine} cannot carry out {feature}", hint=alternative)


def derive_qualify(tree: exp.Expr) -> exp.Expr:
    """QUALIFY becomes a derived table whose rows are filtered before ORDER BY, LIMIT and OFFSET.

    sqlglot filters after LIMIT, which loses rows. A select list with a star is left alone: the rank would show in it.
    """
    for query in [*tree.find_all(exp.Select)]:
        qualify = query.args.get("qualify")
        if qualify is None or any(item.is_star for item in query.expressions):
            continue
        inner = query.copy()
        for key in ("qualify", "distinct", "order", "limit", "offset", "with_"):
            inner.set(key, None)
        inner.select(exp.alias_(_boolean(qualify.this.copy()), RANK, quoted=True), copy=False)
        names = [exp.Column(this=exp.to_identifier(item.alias_or_name, quoted=True)) for item in query.expressions]
        alias = exp.TableAlias(this=exp.to_identifier("q", quoted=True))
        outer = exp.Select(expressions=names).from_(exp.Subquery(this=inner, alias=alias), copy=False)
        met = exp.EQ(this=exp.column(RANK, quoted=True), expression=exp.Literal.number(1))
        outer = outer.where(met, copy=False)
        for key in ("distinct", "order", "limit", "offset", "with_"):
            outer.set(key, query.args.get(key))
        if query is tree:
            return outer
        query.replace(outer)
    return tree


def _boolean(condition: exp.Expr) -> exp.Expr:
    """Return a number that is 1 where the condition holds; of `rank = 1` the rank itself does."""
    one = exp.Literal.number(1)
    if isinstance(condition, exp.EQ) and condition.expression == one:
        rank: exp.Expr = condition.this
        return rank
    return exp.Case(ifs=[exp.If(this=condition, true=one)], default=exp.Literal.number(0))


def refuse_star_changes(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses `* EXCEPT`, `REPLACE`, `RENAME` and `COLUMNS(…)`, and QUALIFY beside a star."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        changed = any(
            star.args.get(key) for star in tree.find_all(exp.Star) for key in ("except_", "replace", "rename")
        )
        if changed or tree.find(exp.Columns) or tree.find(exp.Qualify):
            raise UnsupportedHereError(
                "a change of columns that nobody knows by name",
                engine,
                "Declare `schema` or `columns` at the source, or compile with `--live`.",
            )
        return tree

    return refuse


def spell_null_order(tree: exp.Expr) -> exp.Expr:
    """The place of NULL becomes an order term of its own, on engines that put NULL before every value.

    `ORDER BY a NULLS LAST` is `ORDER BY a IS NULL, a`; sqlglot cannot say it inside a window.
    """
    for order in tree.find_all(exp.Order):
        terms: list[exp.Expr] = []
        for term in order.expressions:
            if isinstance(term, exp.Ordered):
                descending, first = bool(term.args.get("desc")), bool(term.args.get("nulls_first"))
                if first == descending:
                    is_null = exp.Is(this=term.this.copy(), expression=exp.null())
                    terms.append(exp.Ordered(this=is_null, desc=first, nulls_first=not first))
                term.set("nulls_first", not descending)
            terms.append(term)
        order.set("expressions", terms)
    return tree


def drop_materialized(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass for engines that have no `AS MATERIALIZED`: a WITH that is read twice is computed twice there.

    What draws random values and is read more than once would show other rows each time, and is refused.
    """

    def drop(tree: exp.Expr) -> exp.Expr:
        for cte in tree.find_all(exp.CTE):
            if cte.args.get("materialized") and is_volatile(cte.this):
                raise UnsupportedHereError(
                    "a random value that is read twice", engine, "Set `checkpoint: true` on the node that draws it."
                )
            cte.set("materialized", None)
        return tree

    return drop


def is_volatile(tree: exp.Expr) -> bool:
    """Return whether the tree holds a call that answers anew each time."""
    called = (str(one.this).lower().rpartition(".")[2] for one in tree.find_all(exp.Anonymous))
    dots = (one.expression.name.lower() for one in tree.find_all(exp.Dot))
    return tree.find(*_VOLATILE) is not None or not _VOLATILE_NAMES.isdisjoint([*called, *dots])


def refuse_full_joins(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses FULL JOIN, which sqlglot would take apart so that groups are split in two."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        if any((join.side or "").upper() == "FULL" for join in tree.find_all(exp.Join)):
            raise UnsupportedHereError("FULL JOIN", engine, "Use a `transform.join` with `how: full`.")
        return tree

    return refuse


def refuse_unions_by_name(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses UNION BY NAME, which is lowered away where all columns are known."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        if any(union.args.get("by_name") for union in tree.find_all(exp.Union)):
            raise UnsupportedHereError(
                "a union by name over unknown columns", engine, "Declare `schema` or `columns` at the sources."
            )
        return tree

    return refuse


def limit_offsets(tree: exp.Expr) -> exp.Expr:
    """OFFSET alone gets a limit that no table reaches, on engines that know it beside LIMIT only."""
    for query in tree.find_all(exp.Query):
        if query.args.get("offset") is not None and query.args.get("limit") is None:
            query.set("limit", exp.Limit(expression=exp.Literal.number(2**63 - 1)))
    return tree


def refuse_infinite_numbers(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses values of parameters that are no number there: CAST would make 0 of `inf`."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        for cast in tree.find_all(exp.Cast):
            if cast.to.this == exp.DType.DOUBLE and cast.this.is_string and cast.this.name in _NOT_FINITE:
                raise UnsupportedHereError(f"the number `{cast.this.name}`", engine, "Give a finite number.")
        return tree

    return refuse
