"""The query that answers a request for rows, in the engine's dialect."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dataflow_provider.connectors.requests import ExtractRequest, Partition, Predicate, Value
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError, Place

if TYPE_CHECKING:
    from sqlglot import exp


def extract_sql(dialect: SqlDialect, request: ExtractRequest) -> str:
    """Return the query of the columns and rows that are asked for.

    Raises:
        AuthorError: `DF-CONN-017` when the options name neither a table nor a query.
    """
    from dataflow_provider.dialects.render import render

    return render(_select(dialect, request), dialect)


def probe_sql(dialect: SqlDialect) -> str:
    """Return a query of one row that reads no table of anybody."""
    from sqlglot import exp

    from dataflow_provider.dialects.render import render

    return render(exp.select(exp.alias_(exp.Literal.number(1), "one")), dialect)


def bounds_sql(dialect: SqlDialect, request: ExtractRequest, column: str) -> str:
    """Return the query of the lowest and the highest value of a column."""
    from sqlglot import exp

    from dataflow_provider.dialects.render import render

    found = exp.column(exp.to_identifier(column, quoted=True))
    listed = [exp.alias_(exp.Min(this=found), "low"), exp.alias_(exp.Max(this=found.copy()), "high")]
    return render(exp.select(*listed).from_(_origin(dialect, request)), dialect)


def split_bounds(
    node: str, column: str, count: int, low: Any, high: Any, *, hashes_texts: bool = False
) -> list[Partition]:
    """Return the parts between two values of a column; fewer than `count` where there are fewer values.

    Texts have no even ranges; they are put into buckets by a hash where the engine has one.

    >>> [(one.lower, one.upper) for one in split_bounds("n", "id", 3, 1, 9)]
    [(None, 4), (4, 7), (7, None)]

    Raises:
        AuthorError: `DF-CONN-018` for a column that can be cut in neither way.
    """
    if low is None or low == high:
        return [Partition(column, 0, 1)]
    if isinstance(low, str) and hashes_texts:
        return [Partition(column, index, count, hashed=True) for index in range(count)]
    if isinstance(low, bool) or not isinstance(low, int | float | Decimal | date):
        raise no_ranges(node, column)
    edges = sorted({_between(low, high, index, count) for index in range(1, count)} - {low})
    lowers, uppers = [None, *edges], [*edges, None]
    return [
        Partition(column, index, len(lowers), lower, upper)
        for index, (lower, upper) in enumerate(zip(lowers, uppers, strict=True))
    ]


def no_ranges(node: str, column: str) -> AuthorError:
    """Return the error for a column that cannot be cut into parts."""
    return AuthorError(
        "DF-CONN-018",
        f"`partition.column` is `{column}`, whose values cannot be cut into ranges",
        place=Place(node=node),
        hint="Name a column of numbers, dates or timestamps, or of texts on an engine that hashes them.",
    )


def _between(low: Any, high: Any, index: int, count: int) -> Any:
    if isinstance(low, datetime):
        return low + (high - low) * index / count
    if isinstance(low, date):
        return low + timedelta(days=-(-(high - low).days * index // count))
    if isinstance(low, int):
        return low - (low - high) * index // count
    return low + (high - low) * index / count


def _select(dialect: SqlDialect, request: ExtractRequest) -> exp.Select:
    from sqlglot import exp

    listed = [exp.Star()] if request.columns is None else [_column(name) for name in request.columns]
    query = exp.select(*listed).from_(_origin(dialect, request))
    for condition in (*map(_condition, request.predicates), *_within(dialect, request.partition)):
        query = query.where(condition, copy=False)
    return query if request.limit is None else query.limit(request.limit, copy=False)


def _origin(dialect: SqlDialect, request: ExtractRequest) -> exp.Expr:
    import sqlglot
    from sqlglot import exp

    table, query = request.options.get("table"), request.options.get("query")
    if query:
        inner = sqlglot.parse_one(str(query), read=dialect.sqlglot)
        return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("q", quoted=True)))
    if not table:
        raise AuthorError("DF-CONN-017", "neither a table nor a query is named to read", place=Place(node=request.node))
    parts = [exp.to_identifier(part, quoted=True) for part in dialect.publish.parts(str(table))]
    names = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
    return exp.Table(**names)


def _within(dialect: SqlDialect, part: Partition | None) -> list[exp.Expr]:
    """A part with an upper bound and no lower one also has the rows without a value."""
    from sqlglot import exp

    if part is None:
        return []
    if part.hashed:
        return [_in_bucket(dialect, part)]
    column = _column(part.column)
    found: list[exp.Expr] = []
    if part.lower is not None:
        found.append(exp.GTE(this=column.copy(), expression=_literal(part.lower)))
    if part.upper is not None:
        below: exp.Expr = exp.LT(this=column.copy(), expression=_literal(part.upper))
        if part.lower is None:
            below = exp.paren(exp.or_(below, exp.Is(this=column.copy(), expression=exp.null())))
        found.append(below)
    return found


def _in_bucket(dialect: SqlDialect, part: Partition) -> exp.Expr:
    """Rows without a value are in the first, whatever the engine's hash makes of NULL."""
    import sqlglot
    from sqlglot import exp

    text = str(dialect.bucket).format(column=dialect.publish.quote(part.column), count=part.count)
    bucket = exp.paren(sqlglot.parse_one(text, read=dialect.sqlglot))
    within: exp.Expr = exp.EQ(this=bucket, expression=exp.Literal.number(part.index))
    is_null = exp.Is(this=_column(part.column), expression=exp.null())
    return exp.paren(exp.or_(is_null, within)) if part.index == 0 else exp.and_(exp.not_(is_null), within)


def _condition(predicate: Predicate) -> exp.Expr:
    from sqlglot import exp

    column = _column(predicate.column)
    is_null = exp.Is(this=column, expression=exp.null())
    if predicate.comparison == "is null":
        return is_null
    if predicate.comparison == "is not null":
        return exp.Not(this=is_null)
    values = [_literal(value) for value in predicate.values]
    if predicate.comparison == "in":
        return exp.In(this=column, expressions=values)
    kinds: dict[str, type[exp.Binary]] = {
        "=": exp.EQ, "<>": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE
    }  # fmt: skip
    return kinds[predicate.comparison](this=column, expression=values[0])


def _column(name: str) -> exp.Column:
    from sqlglot import exp

    return exp.column(exp.to_identifier(name, quoted=True))


def _literal(value: Value) -> exp.Expr:
    from sqlglot import exp

    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float | Decimal):
        number = exp.Literal.number(f"{abs(value):f}" if isinstance(value, Decimal) else repr(abs(value)))
        return number if value >= 0 else exp.paren(exp.Neg(this=number))
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "TIMESTAMP")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    return exp.Literal.string(value)
