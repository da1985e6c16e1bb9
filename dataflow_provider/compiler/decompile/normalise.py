"""A query made plain before it is taken apart: real tables told from CTEs, names qualified, nothing moved.

Only sqlglot's `qualify` runs over it; passes that move or merge parts of a query could change its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from dataflow_provider.compiler.decompile.drafts import NotAGraph
from dataflow_provider.compiler.decompile.item_names import name_items, names_of, rename_behind_star
from dataflow_provider.compiler.lowering.query import is_cte
from dataflow_provider.dialects.base import SqlDialect

Describe = Callable[[tuple[str, ...]], Mapping[str, str] | None]
"""Columns of a table by the parts of its name, column → type; None when they are not known."""

_VOLATILE = (exp.Rand, exp.Randn, exp.Uuid)
_VOLATILE_NAMES = frozenset({"random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "setseed", "newid"})


@dataclass
class BaseTable:
    """A real table: `columns` as they are really named, by the name that the query has for them; None for all."""

    parts: tuple[str, ...]
    alias: str
    known: Mapping[str, str] | None
    columns: dict[str, str] | None = None


@dataclass
class Normal:
    """A qualified query. `tables` are its real ones by the key that stands in their place.

    `renamed` are the columns of the answer that have another name here, since the query has theirs twice.
    """

    query: exp.Query
    tables: dict[str, BaseTable]
    outputs: tuple[str, ...]
    qualified: bool
    renamed: tuple[tuple[str, str], ...] = ()


def normalise(query: exp.Query, dialect: SqlDialect, describe: Describe) -> Normal:
    """Return the query qualified; `outputs` are its column names as written, empty when a star hides them."""
    before = names_of(query)
    name_items(query, dialect.name)
    written = _output_names(query, dialect)
    tables = _replace_tables(query, dialect, describe)
    _strip_schemas(query, tables)
    query = _empty_exists(_expand_group_by_all(query))
    volatile = _count_volatile(query)
    qualified, works = _qualify(query, dialect, tables)
    if works:
        behind = names_of(qualified)
        if rename_behind_star(query, qualified):
            before = behind
            qualified, works = _qualify(query, dialect, tables)
    if works and _count_volatile(qualified) != volatile:
        qualified, works = query, False
    if works:
        _collect_columns(qualified, tables)
    names = tuple(one.alias_or_name for one in qualified.selects)
    same = [name.casefold() for name in written] == [name.casefold() for name in names]
    pairs = zip(before, written or names, strict=True) if len(before) == len(names) else ()
    renamed = tuple((old, new) for old, new in pairs if old and old.casefold() != new.casefold())
    return Normal(qualified, tables, written if same else (), works, renamed)


def is_volatile(tree: exp.Expr) -> bool:
    """Return whether the tree gives another value each time it is asked."""
    return _count_volatile(tree) > 0


def _count_volatile(tree: exp.Expr) -> int:
    named = (one for one in tree.find_all(exp.Anonymous) if str(one.this).lower() in _VOLATILE_NAMES)
    return sum(1 for _ in tree.find_all(*_VOLATILE)) + sum(1 for _ in named)


def _output_names(query: exp.Query, dialect: SqlDialect) -> tuple[str, ...]:
    """Return the names of the columns as written, or as the engine folds what has no quotes; none behind a star."""
    names = []
    for item in query.selects:
        name = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
        if item.is_star or not isinstance(name, exp.Identifier):
            return ()
        names.append(name.name if name.args.get("quoted") else dialect.publish.fold(name.name))
    return tuple(names)


def _replace_tables(query: exp.Query, dialect: SqlDialect, describe: Describe) -> dict[str, BaseTable]:
    """Put a key of one part in place of every real table: with and without schema they meet in one look-up."""
    keys: dict[tuple[str, ...], str] = {}
    tables: dict[str, BaseTable] = {}
    real = [one for one in query.find_all(exp.Table) if isinstance(one.this, exp.Identifier) and not is_cte(one)]
    for table in real:
        parts = tuple(part.name if part.args.get("quoted") else dialect.publish.fold(part.name) for part in table.parts)
        folded = parts if dialect.publish.folding != "none" else tuple(part.casefold() for part in parts)
        if folded not in keys:
            keys[folded] = f"_dft_{len(keys)}_{parts[-1]}".lower()
            tables[keys[folded]] = BaseTable(parts, parts[-1], describe(parts))
        if not table.alias:
            columns = table.args["alias"].columns if table.args.get("alias") else []
            table.set("alias", exp.TableAlias(this=table.this.copy(), columns=columns))
        table.set("this", exp.to_identifier(keys[folded], quoted=True))
        table.set("db", None)
        table.set("catalog", None)
    return tables


def _strip_schemas(query: exp.Query, tables: Mapping[str, BaseTable]) -> None:
    """`s.t.c` names the column `c` of the table `s.t`; its schema is gone with the table's."""
    known = {tuple(part.casefold() for part in table.parts) for table in tables.values()}
    for column in query.find_all(exp.Column):
        owner = tuple(part.name.casefold() for part in column.parts[:-1])
        if len(owner) > 1 and owner in known:
            column.set("db", None)
            column.set("catalog", None)


def _expand_group_by_all(query: exp.Query) -> exp.Query:
    """`GROUP BY ALL` means every item without an aggregate; written out by position."""
    for select in query.find_all(exp.Select):
        group = select.args.get("group")
        if group is None or group.args.get("all") is not True or group.expressions:
            continue
        plain = [
            at
            for at, item in enumerate(select.expressions, 1)
            if not item.find(exp.AggFunc) and not item.find(exp.Star)
        ]
        group.set("all", None)
        group.set("expressions", [exp.Literal.number(at) for at in plain])
    return query


def _empty_exists(query: exp.Query) -> exp.Query:
    """EXISTS asks for rows: which columns they have does not matter, unless grouping hangs on them."""
    for exists in query.find_all(exp.Exists):
        select = exists.this
        if not isinstance(select, exp.Select) or any(select.args.get(key) for key in ("group", "having", "distinct")):
            continue
        if not any(item.find(exp.AggFunc, exp.Anonymous, exp.UDTF) for item in select.expressions):
            select.set("expressions", [exp.alias_(exp.Literal.number(1), "found")])
    return query


def _qualify(query: exp.Query, dialect: SqlDialect, tables: Mapping[str, BaseTable]) -> tuple[exp.Query, bool]:
    schema = MappingSchema(dialect=dialect.sqlglot)
    for key, table in tables.items():
        if table.known:
            schema.add_table(
                exp.Table(this=exp.to_identifier(key, quoted=True)),
                {_quoted(name): _type(kind, dialect) for name, kind in table.known.items()},
                match_depth=False,
            )
    try:
        result = qualify(
            query.copy(),
            schema=schema,
            dialect=dialect.sqlglot,
            quote_identifiers=False,
            identify=False,
            validate_qualify_columns=False,
        )
        annotate_types(result, schema=schema, dialect=dialect.sqlglot)
    except SqlglotError:
        return query, False
    return result, True


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _type(kind: str, dialect: SqlDialect) -> str:
    try:
        exp.DataType.build(kind, dialect=dialect.sqlglot)
    except (SqlglotError, ValueError):
        return "UNKNOWN"
    return kind


# ---------------------------------------------------------------- columns of real tables


def _collect_columns(query: exp.Query, tables: Mapping[str, BaseTable]) -> None:
    """Note the columns that the query reads of each real table, in the table's own order where it is known."""
    read: dict[str, dict[str, None]] = {key: {} for key in tables}
    whole: set[str] = set()
    for star in query.find_all(exp.Star):
        whole |= _in_reach(star, query)
    for column in query.find_all(exp.Column):
        if not column.table:
            whole |= _in_reach(column, query)
        key = source_of(column, query)
        if key in read and column.table:
            read[key][column.name] = None
    for key, names in read.items():
        table = tables[key]
        known = {name.casefold(): name for name in table.known or ()}
        real = {name: known.get(name.casefold(), name) for name in names}
        rank = {name: at for at, name in enumerate(table.known or ())}
        order = sorted(names, key=lambda name: rank.get(real[name], len(rank)))
        if key not in whole:
            table.columns = {name: real[name] for name in order}


def _in_reach(node: exp.Expr, query: exp.Query) -> set[str]:
    """Return the tables that an unqualified column or a star may speak of; none for an alias in ORDER BY."""
    if isinstance(node.parent, exp.Count):
        return set()
    found: set[str] = set()
    for select in enclosing_selects(node, query):
        aliases = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
        if isinstance(node, exp.Column) and node.name in aliases and node.find_ancestor(exp.Ordered, exp.Distinct):
            return set()
        found |= {source.name for source in sources_of(select) if isinstance(source, exp.Table)}
    return found


def source_of(column: exp.Column, root: exp.Expr) -> str | None:
    """Return the table that a qualified column belongs to, by the nearest SELECT that has its alias."""
    for select in enclosing_selects(column, root):
        for source in sources_of(select):
            if source.alias_or_name == column.table:
                return source.name if isinstance(source, exp.Table) else None
    return None


def enclosing_selects(node: exp.Expr, root: exp.Expr) -> Iterator[exp.Select]:
    """Yield the SELECTs around a node, from the inside, up to and with `root`."""
    at: exp.Expr | None = node
    while at is not None:
        if isinstance(at, exp.Select):
            yield at
        if at is root:
            return
        at = at.parent


def sources_of(select: exp.Select) -> list[exp.Expr]:
    """Return what stands in FROM and its joins, in order; those of a nested join too."""
    from_ = select.args.get("from_")
    if from_ is None:
        return []
    found: list[exp.Expr] = []
    waiting = [
        from_.this,
        *(join.this for join in select.args.get("joins") or ()),
        *(select.args.get("laterals") or ()),
    ]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, exp.Subquery) and isinstance(one.this, exp.Table | exp.Subquery) and not one.alias:
            waiting = [one.this, *waiting]
        else:
            found.append(one)
        waiting += [join.this for join in one.args.get("joins") or ()]
    return found


def free_columns(query: exp.Expr) -> list[exp.Column]:
    """Return the columns that a subquery takes from the query around it."""
    free = []
    for column in query.find_all(exp.Column):
        if not column.table:
            continue
        selects = enclosing_selects(column, query)
        if not any(column.table == source.alias_or_name for select in selects for source in sources_of(select)):
            free.append(column)
    return free


def refuse_unqualified(select: exp.Select) -> None:
    """Refuse a column that nobody can tell the table of, or that joins by a mark.

    Raises:
        NotAGraph: naming the column.
    """
    if any(column.args.get("join_mark") for column in select.find_all(exp.Column)):
        raise NotAGraph("it joins by `(+)`")
    aliases = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    by_alias = [select.args[key] for key in ("order", "distinct") if select.args.get(key) is not None]
    for column in select.find_all(exp.Column):
        if column.table or column.find_ancestor(exp.Select) is not select:
            continue
        if isinstance(column.this, exp.Star):
            raise NotAGraph("the columns behind `*` are not known; read them with `--live`")
        if column.name in aliases and any(one is part for one in _ancestors(column, select) for part in by_alias):
            continue
        raise NotAGraph(f"the table of the column `{column.name}` is not known; name it, or read it with `--live`")
    if any(isinstance(one, exp.Star) for one in select.expressions):
        raise NotAGraph("the columns behind `*` are not known; read them with `--live`")


def _ancestors(node: exp.Expr, top: exp.Expr) -> Iterator[exp.Expr]:
    at: exp.Expr | None = node
    while at is not None and at is not top:
        yield at
        at = at.parent
