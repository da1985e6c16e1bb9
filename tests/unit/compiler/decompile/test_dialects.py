"""What engines spell in ways of their own: nodes that mean the same, or SQL that is kept in the engine's words."""

from __future__ import annotations

import pytest
import yaml

from dataflow_provider.compiler.decompile.decompile import Decompiled, Origin, decompile_query
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.loader import parse_pipeline

COLUMNS = {"id": "INTEGER", "k": "INTEGER", "v": "VARCHAR(10)", "x": "DECIMAL(10, 2)", "d": "DATE"}


def convert(engine: str, sql: str) -> Decompiled:
    dialect = get_dialect(engine)
    described = {dialect.publish.fold(name): kind for name, kind in COLUMNS.items()}
    return decompile_query(sql, Origin("q", "dwh", engine, dialect), lambda parts: described)


@pytest.mark.parametrize(
    ("engine", "sql", "nodes"),
    [
        (
            "teradata",
            "SEL k, x FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY x) = 1",
            "keys: [k]\n    order_by: [x NULLS FIRST]",
        ),
        ("teradata", "SELECT TOP 5 k FROM t ORDER BY k DESC", "order_by: [k DESC]\n    limit: 5"),
        (
            "snowflake",
            "SELECT k, v FROM t QUALIFY RANK() OVER (ORDER BY x DESC) <= 3",
            "order_by: [X DESC NULLS FIRST]\n    columns:\n      rank_x: RANK()",
        ),
        ("snowflake", 'SELECT k AS "Key" FROM db.s.t', "columns: [{name: K, as: Key}]"),
        ("snowflake", 'SELECT a.k FROM "Odd" AS a', "table: '\"Odd\"'\n    columns: [K]\n"),
        ("databricks", "SELECT t.* FROM t LEFT SEMI JOIN u ON t.k = u.k", "how: semi\n    keys: [k]"),
        ("databricks", "SELECT * EXCEPT (v, d) FROM t", "columns: [id, k, x]\n"),
        ("sqlserver", "SELECT TOP 3 k FROM dbo.t ORDER BY k", "order_by: [k NULLS FIRST]\n    limit: 3"),
        (
            "sqlserver",
            "SELECT k FROM t ORDER BY k OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY",
            "limit: 10\n    offset: 5",
        ),
        ("oracle", "SELECT k, NVL(v, 'x') AS v FROM t FETCH FIRST 5 ROWS ONLY", "V: NVL(V, 'x')"),
        ("mysql", "SELECT k, SUM(x) AS s FROM t GROUP BY k WITH ROLLUP", "from: [result_by_k, result_total]"),
        ("postgres", "SELECT count FROM (SELECT count(*) FROM T GROUP BY k) q", "table: t\n"),
        ("postgres", 'SELECT k FROM "T"', "table: '\"T\"'\n"),
    ],
)
def test_spelling_of_an_engine_becomes_nodes(engine: str, sql: str, nodes: str) -> None:
    made = convert(engine, sql)
    assert nodes in made.text
    assert made.problems == ()


@pytest.mark.parametrize(
    ("engine", "sql", "reason", "text"),
    [
        ("oracle", "SELECT a.k FROM t a, u b WHERE a.k = b.k (+)", "joins by `(+)`", "A.K = B.K (+)"),
        ("oracle", "SELECT k FROM t WHERE ROWNUM <= 5", "`ROWNUM` is not known", "ROWNUM <= 5"),
        ("oracle", "SELECT k FROM t START WITH id = 1 CONNECT BY PRIOR id = k", "CONNECT", "CONNECT BY PRIOR"),
        ("oracle", "SELECT k FROM t PARTITION (p1) a", "in part", "SELECT k FROM t PARTITION (p1) a\n"),
        ("sqlserver", "SELECT TOP 5 PERCENT k FROM t ORDER BY k", "no plain number", "TOP 5 PERCENT"),
        ("sqlserver", "SELECT TOP 5 WITH TIES k FROM t ORDER BY k", "no plain number", "TOP 5 WITH TIES"),
        (
            "sqlserver",
            "SELECT a.k, b.x FROM t a CROSS APPLY (SELECT TOP 1 x FROM u WHERE u.k = a.k) b",
            "LATERAL",
            "CROSS APPLY",
        ),
        ("teradata", "SELECT k FROM t SAMPLE 10", "SAMPLE of a table", "SAMPLE 10"),
        ("snowflake", "SELECT k FROM t AT (OFFSET => -60)", "as it was", "AT (OFFSET => -60)"),
        ("databricks", "SELECT k FROM t VERSION AS OF 3", "as it was", "AS OF 3"),
        ("databricks", "SELECT k, e FROM t LATERAL VIEW EXPLODE(SPLIT(v, ',')) q AS e", "LATERAL", "LATERAL VIEW"),
        ("postgres", "SELECT k FROM ONLY t", "ONLY itself", "FROM ONLY t"),
        ("postgres", "SELECT g.n FROM generate_series(1, 3) AS g(n)", "in FROM has no node", "GENERATE_SERIES(1, 3)"),
    ],
)
def test_what_no_node_says_stays_in_the_words_of_its_engine(engine: str, sql: str, reason: str, text: str) -> None:
    made = convert(engine, sql)
    assert [reason in problem.message for problem in made.problems] == [True], made.problems
    assert text in made.text


def test_name_that_yaml_takes_for_a_truth_value_is_quoted_wherever_it_stands() -> None:
    text = convert("postgres", "WITH off AS (SELECT id FROM calls WHERE id > 1) SELECT id, id + 1 AS n FROM off").text
    document = yaml.safe_load(text)
    assert "off" in document["nodes"]
    assert True not in document["nodes"]
    assert False not in document["nodes"]
    assert "off" in parse_pipeline(text, "q.yaml").require().nodes
