"""Select lists, FROM and names that some engines want written out more fully."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError

_MARK = "; "


def qualify_stars(tree: exp.Expr) -> exp.Expr:
    """`SELECT *, 1 AS one FROM t` becomes `SELECT t.*, 1 AS one FROM t`; a star alone stays."""
    for query in tree.find_all(exp.Select):
        items = query.expressions
        if len(items) < 2 or not any(isinstance(item, exp.Star) for item in items):
            continue
        names = [source.alias_or_name for source in _sources(query)]
        stars = [
            exp.Column(this=exp.Star(), table=exp.to_identifier(name, quoted=True)) for name in dict.fromkeys(names)
        ]
        query.set(
            "expressions",
            [
                new
                for item in items
                for new in ([one.copy() for one in stars] if isinstance(item, exp.Star) else [item])
            ],
        )
    return tree


def _sources(query: exp.Select) -> list[exp.Expr]:
    from_ = query.args.get("from_")
    return [*([] if from_ is None else [from_.this]), *(join.this for join in query.args.get("joins") or ())]


def select_from(source: Callable[[], exp.Expr]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that gives every SELECT without FROM the `source` of one row."""

    def give(tree: exp.Expr) -> exp.Expr:
        for query in [*tree.find_all(exp.Select)]:
            if query.args.get("from_") is None:
                query.set("from_", exp.From(this=source()))
        return tree

    return give


def concat_reasons(*, by: type[exp.Binary]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that writes `CONCAT_WS('; ', CASE …, CASE …)` without CONCAT_WS.

    Each CASE without a match gives an empty text instead of NULL, and its mark goes along with it, since some engines
    take NULL for the whole and others for nothing.
    """

    def concat(tree: exp.Expr) -> exp.Expr:
        for call in [*tree.find_all(exp.Anonymous)]:
            if str(call.this).upper() != "CONCAT_WS" or not call.expressions[0].is_string:
                continue
            cases = [one for one in call.expressions[1:] if isinstance(one, exp.Case)]
            if len(cases) != len(call.expressions) - 1 or call.expressions[0].name != _MARK:
                continue
            call.replace(cases[0].copy() if len(cases) == 1 else _joined(cases, by))
        return tree

    return concat


def _joined(cases: list[exp.Case], by: type[exp.Binary]) -> exp.Expr:
    pieces = []
    for case in cases:
        piece = case.copy()
        for branch in piece.args["ifs"]:
            branch.set("true", exp.Literal.string(f"{_MARK}{branch.args['true'].name}"))
        piece.set("default", exp.Literal.string(""))
        pieces.append(piece)
    whole: exp.Expr = pieces[0]
    for piece in pieces[1:]:
        whole = by(this=whole, expression=piece)
    # By this name and with two arguments it is known everywhere that lacks CONCAT_WS.
    return exp.Anonymous(this="SUBSTR", expressions=[whole, exp.Literal.number(len(_MARK) + 1)])


def order_row_numbers(constant: Callable[[], exp.Expr]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that gives each ROW_NUMBER() without an order one that tells no rows apart.

    Within a partition its own key does; without one the `constant` must.
    """

    def order(tree: exp.Expr) -> exp.Expr:
        for window in tree.find_all(exp.Window):
            if isinstance(window.this, exp.RowNumber) and window.args.get("order") is None:
                keys = window.args.get("partition_by") or []
                term = keys[0].copy() if keys else constant()
                # As the engine orders NULL itself: one key has one value in its partition.
                window.set("order", exp.Order(expressions=[exp.Ordered(this=term, nulls_first=True)]))
        return tree

    return order


def order_nulls_by_case(tree: exp.Expr) -> exp.Expr:
    """`a NULLS LAST` becomes `CASE WHEN a IS NULL THEN 1 ELSE 0 END, a`, where NULL comes before every value."""
    for order in tree.find_all(exp.Order):
        terms: list[exp.Expr] = []
        for term in order.expressions:
            if isinstance(term, exp.Ordered):
                descending, first = bool(term.args.get("desc")), bool(term.args.get("nulls_first"))
                if first == descending and not isinstance(term.this, exp.Literal):
                    terms.append(exp.Ordered(this=_null_rank(term.this, first=first), nulls_first=True))
                term.set("nulls_first", not descending)
            terms.append(term)
        order.set("expressions", terms)
    return tree


def _null_rank(value: exp.Expr, *, first: bool) -> exp.Case:
    is_null = exp.Is(this=value.copy(), expression=exp.null())
    return exp.Case(
        ifs=[exp.If(this=is_null, true=exp.Literal.number(0 if first else 1))],
        default=exp.Literal.number(1 if first else 0),
    )


def refuse_star_words(engine: str, words: tuple[str, ...]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses these changes of a star (`except_`, `replace`, `rename`) and `COLUMNS(…)`."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        if tree.find(exp.Columns) or any(star.args.get(word) for star in tree.find_all(exp.Star) for word in words):
            raise UnsupportedHereError(
                "a change of columns that nobody knows by name",
                engine,
                "Declare `schema` or `columns` at the source, or compile with `--live`.",
            )
        return tree

    return refuse


def refuse_long_names(engine: str, limit: int, *, of_bytes: bool = False) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses names longer than the engine keeps, which it could cut or take for another."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        for one in tree.find_all(exp.Identifier):
            length = len(one.name.encode() if of_bytes else one.name)
            if length > limit:
                unit = "bytes" if of_bytes else "characters"
                raise UnsupportedHereError(
                    f"the name `{one.name}` of {length} {unit}", engine, f"Names have at most {limit}."
                )
        return tree

    return refuse


def refuse_nodes(engine: str, refused: dict[type[exp.Expr], tuple[str, str]]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses kinds of nodes; each has what people call it and the nearest alternative."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        for node in tree.find_all(*refused):
            feature, alternative = next(told for kind, told in refused.items() if isinstance(node, kind))
            raise UnsupportedHereError(feature, engine, alternative)
        return tree

    return refuse


def cross_join_on_truth(tree: exp.Expr) -> exp.Expr:
    """`a CROSS JOIN b` becomes `a INNER JOIN b ON 1 = 1`."""
    for join in tree.find_all(exp.Join):
        if (join.kind or "").upper() == "CROSS":
            join.set("kind", "INNER")
            join.set("on", exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1)))
    return tree
