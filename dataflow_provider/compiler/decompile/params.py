"""Parameters of a query: what `:name` is declared as, told by the column it is compared with."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions import DType

from dataflow_provider.spec.models import RUN_VALUES, ParamType

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_KINDS: tuple[tuple[frozenset[DType], ParamType], ...] = (
    (frozenset(exp.DataType.INTEGER_TYPES), "integer"),
    (frozenset(exp.DataType.NUMERIC_TYPES), "number"),
    (frozenset(exp.DataType.TEXT_TYPES), "string"),
    (frozenset({DType.DATE, DType.DATE32}), "date"),
    (frozenset(exp.DataType.TEMPORAL_TYPES), "timestamp"),
    (frozenset({DType.BOOLEAN}), "boolean"),
)


def param_types(query: exp.Expr) -> dict[str, ParamType | None]:
    """Return each parameter of a query whose columns have types; None where nothing tells the parameter's type."""
    types: dict[str, ParamType | None] = {}
    for placeholder in query.find_all(exp.Placeholder):
        if placeholder.name not in RUN_VALUES:
            types[placeholder.name] = types.get(placeholder.name) or _type_of(placeholder)
    return dict(sorted(types.items()))


def _type_of(placeholder: exp.Expr) -> ParamType | None:
    parent = placeholder.parent
    if isinstance(parent, exp.Cast):
        return _named(parent.to)
    if not isinstance(parent, _COMPARISONS):
        return None
    others = (one for one in parent.iter_expressions() if one is not placeholder and isinstance(one, exp.Column))
    return next((found for one in others if isinstance(one.type, exp.DataType) and (found := _named(one.type))), None)


def _named(kind: exp.DataType) -> ParamType | None:
    return next((name for kinds, name in _KINDS if kind.this in kinds), None)
