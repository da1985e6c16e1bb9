"""A random part of some rows: by a number drawn for each row or, with a seed, by a hash of each row."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Relation
from dataflow_provider.compiler.lowering.tree import column, select, star
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.spec.nodes import Sample

_ROW = "_df_row"
_MILLION = 1_000_000
_HASH_DIGITS = 8


def sampled(scope: Lowering, node: GraphNode, rows: Relation, sample: Sample) -> exp.Select:
    """Return a random part of the rows; what the engine has no way to draw is a problem of the node.

    A seed makes the sample hang on the rows alone, not on threads or on the order in which rows are read.
    """
    try:
        if sample.seed is None:
            return _drawn(scope, rows, sample)
        return _hashed(scope, rows, sample, sample.seed)
    except UnsupportedHereError as refusal:
        scope.problem(node.id, ("sample",), refusal.code, refusal.message, refusal.hint)
        return select([star()], rows.table())


def _drawn(scope: Lowering, rows: Relation, sample: Sample) -> exp.Select:
    words = scope.dialect.sampling
    if words.native:
        source = rows.table()
        source.set("sample", _clause(sample))
        return select([star()], source)
    if not words.random:
        raise UnsupportedHereError(
            "a `sample` without `seed`", scope.dialect.name, "Give it a `seed`; rows are then chosen by a hash."
        )
    number = sqlglot.parse_one(words.random, dialect=scope.dialect.sqlglot)
    if sample.rows is not None:
        return _first(select([star()], rows.table()), number, sample.rows)
    share = exp.Literal.number(round((sample.percent or 0) * _MILLION / 100))
    return select([star()], rows.table()).where(exp.LT(this=number, expression=share), copy=False)


def _hashed(scope: Lowering, rows: Relation, sample: Sample, seed: int) -> exp.Select:
    words = scope.dialect.sampling
    if not words.row_hash:
        ticket: exp.Expr = exp.Anonymous(this="hash", expressions=[column(_ROW), exp.Literal.number(seed)])
        body = select([star()], rows.table(_ROW))
        rest: exp.Expr = exp.Mod(this=ticket, expression=exp.Literal.number(_MILLION))
        share: exp.Expr = exp.Literal.number(round((sample.percent or 0) * _MILLION / 100))
    else:
        ticket = _row_hash(scope, rows, seed)
        body = select([star()], rows.table())
        start, length = exp.Literal.number(1), exp.Literal.number(_HASH_DIGITS)
        rest = exp.Substring(this=ticket, start=start, length=length)
        share = exp.Literal.string(_hex_share(sample.percent or 0))
    if sample.rows is not None:
        return _first(body, ticket, sample.rows)
    return body.where(exp.LT(this=rest, expression=share), copy=False)


def _first(body: exp.Select, ticket: exp.Expr, count: int) -> exp.Select:
    """Tickets are never NULL, so no engine has to be told where those go."""
    ordered = exp.Ordered(this=ticket, nulls_first=True)
    return body.order_by(ordered, copy=False).limit(count, copy=False)


def _row_hash(scope: Lowering, rows: Relation, seed: int) -> exp.Expr:
    """Return the hash of the seed and of every column's text, as hex digits in lower case."""
    words = scope.dialect.sampling
    if rows.columns is None:
        raise UnsupportedHereError(
            "a `sample` with `seed` of columns that nobody knows by name",
            scope.dialect.name,
            "Declare `schema` or `columns` at the source, or compile with `--live`.",
        )
    parts: list[exp.Expr] = [exp.Literal.string(str(seed))]
    for name in rows.columns:
        text = exp.cast(column(name), "TEXT")
        parts += [exp.Literal.string("|"), exp.Coalesce(this=text, expressions=[exp.Literal.string("")])]
    whole: exp.Expr = exp.Anonymous(this="CONCAT", expressions=parts)
    if words.joins_texts != "CONCAT":
        kind = exp.DPipe if words.joins_texts == "||" else exp.Add
        whole = parts[0]
        for part in parts[1:]:
            whole = kind(this=whole, expression=part)
    tree = sqlglot.parse_one(words.row_hash, dialect=scope.dialect.sqlglot)
    for place in [*tree.find_all(exp.Column)]:
        if place.name.lower() == _ROW:
            place.replace(whole)
    return tree


def _hex_share(percent: float) -> str:
    """Return what the first digits of a hash are below, for that share of all hashes; `g` is above every digit."""
    share = round(percent * 16**_HASH_DIGITS / 100)
    return "g" if share >= 16**_HASH_DIGITS else f"{share:0{_HASH_DIGITS}x}"


def _clause(sample: Sample) -> exp.TableSample:
    if sample.rows is not None:
        return exp.TableSample(size=exp.Literal.number(sample.rows))
    return exp.TableSample(method=exp.Var(this="BERNOULLI"), percent=exp.Literal.number(str(sample.percent)))
