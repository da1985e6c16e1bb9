"""What is inferred of an expression's type is what the engine says of it, or nothing."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.kinds import family, kind_of_type
from dataflow_provider.compiler.sqltext import SqlTextError, parse_expression
from dataflow_provider.compiler.typed import Typist
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import DataflowError
from tests.engines.live import LiveEngine
from tests.engines.typed_table import declared_types, make_typed_table

EXPRESSIONS = """
i; b; s; d; f; r; t; day; ts; tz; ok; tm; bl; 1; 3000000000; 1.5; 'x'; NULL; i + 1; i + s; i + b; s + s; i + d
d + d; d * d; i + f; i + r; d + f; i / 2; d / 2; f / 2; i % 2; i * i; b - i; -i; -d; -f; i || t; t || t; 'a' || 'b'
i = 1; ok AND ok; NOT ok; i IS NULL; i BETWEEN 1 AND 2; i IN (1); t LIKE 'a'; CAST(i AS CHAR(5)); CAST(t AS INTEGER)
CAST(t AS DATE); CAST(t AS DECIMAL(9,2)); CAST(i AS DOUBLE PRECISION); CAST(t AS TIMESTAMP); CAST(i AS VARCHAR(5))
CAST(t AS BIGINT); CAST(t AS SMALLINT); CAST(i AS BOOLEAN); CASE WHEN ok THEN i ELSE 0 END
CASE WHEN ok THEN i ELSE b END; CASE WHEN ok THEN 'a' ELSE t END; CASE WHEN ok THEN d ELSE 0 END
CASE WHEN ok THEN i END; CASE WHEN ok THEN day ELSE ts END; CASE WHEN ok THEN NULL ELSE day END
CASE WHEN ok THEN 'a' END; CASE i WHEN 1 THEN f ELSE i END; CASE WHEN ok THEN s ELSE i END; COALESCE(i, 0)
COALESCE(t, 'x'); COALESCE(d, 0); COALESCE(day, ts); COALESCE(i, NULL); COALESCE(b, i, s); COALESCE(ok, TRUE)
NULLIF(i, 0); NULLIF(t, ''); NULLIF(d, 0); SUM(i); SUM(b); SUM(s); SUM(d); SUM(f); SUM(r); SUM(i + 1)
SUM(CASE WHEN ok THEN 1 ELSE 0 END); SUM(i * f); AVG(i); AVG(d); AVG(f); AVG(r); COUNT(*); COUNT(i)
COUNT(DISTINCT t); SUM(DISTINCT i); MIN(i); MAX(t); MAX(day); MIN(d); MAX(ts); MAX(tz); MIN(s); MAX(f); MIN(r)
MAX(tm); STDDEV(f); VARIANCE(i); UPPER(t); LOWER(t); TRIM(t); LENGTH(t); SUBSTRING(t, 1, 2); REPLACE(t, 'a', 'b')
CONCAT(t, i); CONCAT('a', 'b'); ABS(i); ABS(d); ABS(f); ABS(s); ROUND(d, 1); ROUND(f); ROUND(i); CEIL(d); FLOOR(f)
CEIL(i); SQRT(i); POWER(i, 2); EXP(f); LN(f); CURRENT_DATE; CURRENT_TIMESTAMP; day + INTERVAL '1' DAY
ts + INTERVAL '1' DAY; tz - INTERVAL '1' DAY; day - day; ts - ts; day + 1; EXTRACT(YEAR FROM day)
EXTRACT(YEAR FROM ts); DATE_TRUNC('month', ts); DATE_TRUNC('month', day); GREATEST(i, 0); LEAST(d, d)
GREATEST(i, f); SIGN(i); MOD(i, 2); ROW_NUMBER() OVER (ORDER BY i); RANK() OVER (ORDER BY i)
DENSE_RANK() OVER (ORDER BY i); NTILE(4) OVER (ORDER BY i); LAG(i) OVER (ORDER BY i); LEAD(t) OVER (ORDER BY i)
FIRST_VALUE(d) OVER (ORDER BY i); LAG(day, 1) OVER (ORDER BY i); SUM(i) OVER (ORDER BY i); AVG(d) OVER (ORDER BY i)
COUNT(*) OVER (); PERCENT_RANK() OVER (ORDER BY i); MAX(day) OVER (PARTITION BY t); CUME_DIST() OVER (ORDER BY i)
TRUE; IF(ok, 1, 2); IFNULL(i, 0); DATE '2026-01-01'; TIMESTAMP '2026-01-01 00:00:00'; YEAR(day); MONTH(day)
LEFT(t, 2); REVERSE(t); LPAD(t, 3, 'x'); STRING_AGG(t, ','); BOOL_AND(ok); MEDIAN(f); SUM(i) FILTER (WHERE ok)
(i + 1) * 2; COALESCE(SUM(i), 0); ROUND(AVG(d), 2); i + b * 2; CAST(d AS INTEGER) + 1
"""


def test_inferred_kind_is_the_engines_own(live_engine: LiveEngine) -> None:
    table, dialect = make_typed_table(live_engine), get_dialect(live_engine.name)
    if not dialect.typed_columns:
        pytest.skip("not applicable: SQLite has no types of expressions to compare with")
    kinds = {name: kind_of_type(text, dialect) for name, text in declared_types(live_engine).items()}
    wrong, told = [], 0
    with live_engine.open() as session:
        for text in filter(None, map(str.strip, EXPRESSIONS.replace("\n", ";").split(";"))):
            try:
                tree = parse_expression(text, dialect)
            except SqlTextError:
                continue
            inferred = Typist(dialect, {}, {}).kind(tree, kinds)
            if not inferred:
                continue
            try:
                (answered,) = session.columns_of_query(f"SELECT {text} AS x FROM {table}").values()
            except DataflowError:
                continue  # The engine has no such function or operator.
            told += 1
            actual = kind_of_type(answered, dialect)
            if inferred not in (actual, family(actual)) and not _is_truth(dialect.name, inferred, answered):
                wrong.append((text, inferred, answered))
    assert wrong == []
    assert told > 100


def _is_truth(engine: str, inferred: str, answered: str) -> bool:
    """MariaDB's truth values are numbers of one digit."""
    return engine == "mysql" and inferred == "BOOLEAN" and answered.startswith(("int(", "tinyint("))
