"""WITH on engines that take it only in front of a statement, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError, is_volatile


def hoist_with(tree: exp.Expr) -> exp.Expr:
    """A WITH inside a query moves in front of the statement, before the one that holds it; names stay apart.

    `WITH a AS (WITH x AS (…) SELECT * FROM x) …` is `WITH x AS (…), a AS (SELECT * FROM x) …`.
    """
    nested = [one for one in tree.find_all(exp.With) if one.parent is not tree]
    if not nested:
        return tree
    taken = {cte.alias.casefold() for one in tree.find_all(exp.With) if one.parent is tree for cte in one.expressions}
    taken |= {table.name.casefold() for table in tree.find_all(exp.Table) if table.meta.get("ours")}
    before: dict[int, list[exp.Expr]] = {}
    recursive = False
    # The innermost first: their names are settled when those around them are looked at.
    for one in sorted(nested, key=lambda found: -found.depth):
        holder = one.parent
        if holder is None:
            continue
        recursive = recursive or bool(one.recursive)
        for cte in one.expressions:
            _rename(holder, cte, _free_name(cte.alias, taken))
        outer = _outermost_cte(holder, tree)
        before.setdefault(id(outer), []).extend(one.expressions)
        holder.set("with_", None)
    return _with_all(tree, before, recursive)


def _with_all(tree: exp.Expr, before: dict[int, list[exp.Expr]], recursive: bool) -> exp.Expr:
    own = tree.args.get("with_")
    ctes: list[exp.Expr] = []
    for cte in own.expressions if own is not None else ():
        ctes += [*before.get(id(cte), ()), cte]
    ctes += before.get(id(None), ())
    recursive = recursive or bool(own is not None and own.recursive)
    tree.set("with_", exp.With(expressions=ctes, recursive=recursive))
    return tree


def _outermost_cte(node: exp.Expr, tree: exp.Expr) -> exp.CTE | None:
    """Return the common table expression of the statement itself that the node stands in."""
    found = None
    parent: exp.Expr | None = node
    while parent is not None and parent is not tree:
        if isinstance(parent, exp.CTE):
            found = parent
        parent = parent.parent
    return found


def _free_name(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 0
    while name.casefold() in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name.casefold())
    return name


def _rename(holder: exp.Expr, cte: exp.CTE, name: str) -> None:
    """The common table expression and all that read it below its query have the new name; columns keep the old."""
    old = cte.alias
    if old == name:
        return
    cte.args["alias"].set("this", exp.to_identifier(name, quoted=True))
    for table in holder.find_all(exp.Table):
        if table.db or table.meta.get("ours") or table.name.casefold() != old.casefold():
            continue
        if not table.alias:
            table.set("alias", exp.TableAlias(this=table.this.copy()))
        table.set("this", exp.to_identifier(name, quoted=True))


def inline_with(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that puts each common table expression, as a derived table, where it is read.

    What is read twice is computed twice, so what gives other rows each time is refused.
    """

    def inline(tree: exp.Expr) -> exp.Expr:
        own = hoist_with(tree).args.get("with_")
        if own is None:
            return tree
        if own.recursive:
            raise UnsupportedHereError("a recursive WITH", engine, "Walk the levels in nodes of their own.")
        tree.set("with_", None)
        bodies: dict[str, exp.CTE] = {}
        for cte in own.expressions:
            _refuse_volatile(cte, [*own.expressions, tree], engine)
            _inline_into(cte.this, bodies)
            bodies[cte.alias] = cte
        _inline_into(tree, bodies)
        return tree

    return inline


def _inline_into(query: exp.Expr, bodies: dict[str, exp.CTE]) -> None:
    for table in [*query.find_all(exp.Table)]:
        cte = None if table.db else bodies.get(table.name)
        if cte is None:
            continue
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name, quoted=True))
        alias.set("columns", [one.copy() for one in cte.args["alias"].columns])
        alias.comments = cte.args["alias"].comments
        table.replace(exp.Subquery(this=cte.this.copy(), alias=alias))


def _refuse_volatile(cte: exp.CTE, readers: list[exp.Expr], engine: str) -> None:
    reads = sum(
        1 for reader in readers if reader is not cte for table in reader.find_all(exp.Table)
        if not table.db and table.name == cte.alias
    )  # fmt: skip
    if reads > 1 and is_volatile(cte):
        raise UnsupportedHereError(
            "a random value that is read twice", engine, "Set `checkpoint: true` on the node that draws it."
        )
