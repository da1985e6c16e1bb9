"""Every type rule against the engines: what is called an error is refused, and what is refused is called something."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.kinds import kind_of_type
from dataflow_provider.compiler.sqltext import parse_expression
from dataflow_provider.compiler.typed import Typist
from dataflow_provider.compiler.typing_checks import check_condition
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.findings import Severity
from tests.engines.live import LiveEngine
from tests.engines.typed_table import declared_types, make_typed_table

CONDITIONS = """
t = i; t = 1; i = '5'; i = 'abc'; i = '-1.5e3'; t = day; day = '2026-01-01'; i = day; day > 5; ok = i; ok = 1
ok = t; t = 1.5; t IN (1, 2); i IN ('1', '2'); i IN ('a', 'b'); t BETWEEN 1 AND 2; i BETWEEN 'a' AND 'b'
t LIKE 'a%'; t = ts; day = ts; ts > '2026-01-01'; i = d; i = f; t IS NULL; i = b AND t = 'x'; (i = 1) = ok
i > ALL (SELECT 1); i; t; day; i + 1; ok; 1; f; i AND ok; t AND ok; NOT i; NOT t; NOT day; NOT ok; NULL
CASE WHEN ok THEN TRUE ELSE FALSE END; CASE WHEN i THEN TRUE END; COALESCE(ok, FALSE); i <> t OR ok
EXISTS (SELECT 1); LOWER(t) = 'a'; UPPER(t) = i; LENGTH(t) > 1; CAST(t AS INTEGER) = i; ts >= day; tz >= ts
day BETWEEN '2026-01-01' AND '2026-02-01'; i % 2 = 0; t || 'x' = 'yx'; d = f; r > d; s = i; t <> ''
"""
EXPRESSIONS = """
t + 1; t + i; t * d; t - t; '5' + 1; day + 1; day + i; day - day; ts - ts; ok + 1; i + 1; day + INTERVAL '1' DAY
i + NULL; d * 1.5; -i; -d; -t; t % 2; t / 2; i / 2; SUM(t); AVG(t); SUM(day); AVG(ok); SUM(i); AVG(d); SUM(ok)
AVG(day); SUM(DISTINCT i); SUM(DISTINCT t); SUM(CASE WHEN ok THEN 1 END); SUM(CAST(t AS INTEGER)); MAX(t); MIN(day)
COUNT(t); CASE WHEN ok THEN i ELSE t END; CASE WHEN ok THEN i ELSE 0 END; CASE WHEN ok THEN 'a' ELSE t END
CASE WHEN ok THEN day ELSE t END; CASE WHEN ok THEN i ELSE day END; CASE WHEN ok THEN i ELSE NULL END
CASE WHEN ok THEN day ELSE ts END; CASE t WHEN 'a' THEN 1 END; CASE i WHEN 1 THEN 'one' ELSE 'more' END
CASE WHEN ok THEN i ELSE d END; COALESCE(i, t); COALESCE(i, 0); COALESCE(t, 1); COALESCE(t, 'x'); COALESCE(day, i)
COALESCE(day, ts); COALESCE(d, 0); COALESCE(i, f); LOWER(i); UPPER(day); LENGTH(i); TRIM(i); LOWER(t); TRIM(t)
LENGTH(t); i || t; t || 'x'; ABS(i); ROUND(d, 1); NULLIF(i, 0)
"""
REFUSED_UNSAID: dict[str, set[str]] = {
    "duckdb": {"'5' + 1"},
    "postgres": {"i = '-1.5e3'"},
    "mysql": set(),
    "sqlite": {"i > ALL (SELECT 1)", "day + INTERVAL '1' DAY"},
}
"""What is refused for another reason than the kinds of its operands."""


def found(engine: LiveEngine, text: str, *, condition: bool) -> set[Severity]:
    dialect = get_dialect(engine.name)
    kinds = {name: kind_of_type(kind, dialect) for name, kind in declared_types(engine).items()}
    typist, tree = Typist(dialect, {}, {}), parse_expression(text, dialect)
    kind = typist.kind(tree, kinds, ("where",))
    clashes = [clash for _, clash in typist.clashes]
    return {clash[1] for clash in (*clashes, *(check_condition(tree, kind, dialect) if condition else ()))}


@pytest.mark.parametrize("condition", [True, False], ids=["condition", "value"])
def test_errors_are_refused_and_refusals_are_told(live_engine: LiveEngine, condition: bool) -> None:
    table = make_typed_table(live_engine)
    cases = (CONDITIONS if condition else EXPRESSIONS).replace("\n", ";").split(";")
    false_errors, unsaid = [], []
    with live_engine.open() as session:
        for text in filter(None, map(str.strip, cases)):
            said = found(live_engine, text, condition=condition)
            query = f"SELECT 1 AS x FROM {table} WHERE {text}" if condition else f"SELECT {text} AS x FROM {table}"
            try:
                session.columns_of_query(query)
                refused = False
            except DataflowError:
                refused = True
            if Severity.ERROR in said and not refused:
                false_errors.append(text)
            if refused and not said:
                unsaid.append(text)
    assert false_errors == []
    assert set(unsaid) <= REFUSED_UNSAID[live_engine.name]


@pytest.mark.parametrize(
    "text",
    [
        "i = 1", "i = '5'", "t = 'x'", "day = '2026-01-01'", "ts > '2026-01-01'", "t LIKE 'a%'", "i = d", "day = ts",
        "ok", "i IS NULL", "i BETWEEN 1 AND 5", "COALESCE(i, 0) > 1", "CAST(t AS INTEGER) > 5", "i % 2 = 0",
        "NOT ok", "CASE WHEN i = 1 THEN 'a' ELSE 'b' END = 'a'", "d * 1.1 > f", "t IN ('1', '2')", "NULL",
    ],
)  # fmt: skip
def test_ordinary_conditions_pass_without_a_word(live_engine: LiveEngine, text: str) -> None:
    assert found(live_engine, text, condition=True) == set()
