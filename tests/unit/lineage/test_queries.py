"""Lineage of a SELECT: by hand, beside sqlglot's own for values, and by changing data and looking what moves."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify

from dataflow_provider.lineage.model import Rows
from dataflow_provider.lineage.queries import rows_of_query
from tests.unit.lineage.conftest import columns, short, through

TABLES = {"calls": ["id", "who", "seconds", "begun"], "plans": ["who", "rate"]}


def query(text: str, *, schemas: bool = True) -> Rows:
    return through({"type": "transform.sql", "from": ["calls", "plans"], "query": text}, schemas=schemas)


def test_query_tells_where_join_group_having_order_and_window() -> None:
    rows = query(
        """
        SELECT c.who AS caller, SUM(c.seconds * p.rate) AS amount, RANK() OVER (ORDER BY MAX(c.begun)) AS place
        FROM calls AS c LEFT JOIN plans AS p ON p.who = c.who AND p.rate > 0
        WHERE c.id > 3 GROUP BY 1 HAVING SUM(c.seconds) > 5 ORDER BY amount
        """
    )
    assert columns(rows) == {
        "caller": {"calls.who IDENTITY"},
        "amount": {"calls.seconds AGGREGATION", "plans.rate AGGREGATION"},
        "place": {"calls.begun WINDOW"},
    }
    assert short(rows.decided) == {
        "calls.id FILTER", "calls.seconds FILTER", "calls.seconds SORT", "plans.rate SORT", "calls.who GROUP_BY",
        "calls.who JOIN", "plans.who JOIN", "plans.rate JOIN",
    }  # fmt: skip


def test_star_takes_all_columns_but_those_left_out_replaced_or_renamed() -> None:
    rows = query("SELECT * EXCLUDE (begun) REPLACE (seconds / 60 AS seconds) RENAME (who AS caller) FROM calls")
    assert columns(rows) == {
        "id": {"calls.id IDENTITY"},
        "seconds": {"calls.seconds TRANSFORMATION"},
        "caller": {"calls.who IDENTITY"},
    }


def test_star_of_unknown_tables_is_a_table_level_edge() -> None:
    rows = query("SELECT c.*, p.rate * 2 AS twice FROM calls c JOIN plans p ON p.who = c.who", schemas=False)
    assert columns(rows) == {"twice": {"plans.rate TRANSFORMATION"}}
    assert [short(one.influences) for parts in rows.rest for one in parts] == [{"calls.* IDENTITY"}]


def test_correlated_subqueries_reach_both_sides() -> None:
    rows = query(
        "SELECT id, (SELECT MAX(p.rate) FROM plans p WHERE p.who = c.who) AS top FROM calls c "
        "WHERE EXISTS (SELECT 1 FROM plans q WHERE q.rate > c.seconds)"
    )
    assert columns(rows)["top"] == {"plans.rate AGGREGATION", "plans.who FILTER", "calls.who FILTER"}
    assert short(rows.decided) == {"plans.rate FILTER", "calls.seconds FILTER"}


def test_recursive_with_settles() -> None:
    rows = query(
        "WITH RECURSIVE chain(n, name) AS (SELECT id, who FROM calls UNION ALL "
        "SELECT n + 1, name FROM chain WHERE n < 5) SELECT n, name FROM chain"
    )
    assert columns(rows) == {
        "n": {"calls.id IDENTITY", "calls.id TRANSFORMATION"},
        "name": {"calls.who IDENTITY"},
    }
    assert short(rows.decided) == {"calls.id FILTER"}


def test_lambda_names_and_struct_fields_are_no_columns_of_their_own() -> None:
    rows = query("SELECT list_transform([id], who -> who + seconds) AS l, begun.year AS y FROM calls")
    assert columns(rows) == {
        "l": {"calls.id TRANSFORMATION", "calls.seconds TRANSFORMATION"},
        "y": {"calls.begun TRANSFORMATION"},
    }


@pytest.mark.parametrize("text", ["SELECT COLUMNS('s.*') FROM calls", "PIVOT calls ON who USING SUM(seconds)"])
def test_query_that_cannot_be_followed_names_its_inputs_only(text: str) -> None:
    rows = query(text)
    assert "calls.* TRANSFORMATION" in short(rows.everything())
    assert rows.rest


QUERIES = [
    "SELECT who, seconds / 60 AS minutes FROM calls WHERE id > 2",
    "SELECT c.id, p.rate * c.seconds AS amount FROM calls c JOIN plans p USING (who)",
    "SELECT who, COUNT(*) AS n, SUM(seconds) AS s FROM calls GROUP BY who HAVING COUNT(*) > 1",
    "SELECT DISTINCT who FROM calls",
    """WITH busy AS (SELECT who, MAX(begun) AS last FROM calls GROUP BY who)
    SELECT b.who, b.last, p.rate FROM busy b LEFT JOIN plans p ON p.who = b.who""",
    "SELECT id, CASE WHEN seconds > 30 THEN 'long' ELSE who END AS kind FROM calls",
    "SELECT id AS k, who AS v FROM calls UNION ALL SELECT 0, who FROM plans",
    "SELECT id, SUM(seconds) OVER (PARTITION BY who ORDER BY begun) AS running FROM calls",
    "SELECT id FROM calls WHERE who IN (SELECT who FROM plans WHERE rate > 0.2)",
    "SELECT id, (SELECT MAX(rate) FROM plans p WHERE p.who = calls.who) AS best FROM calls",
    "SELECT id, seconds FROM calls EXCEPT SELECT id, seconds FROM calls WHERE who = 'b'",
    """SELECT x.who, x.d FROM (SELECT who, seconds * 2 AS d, ROW_NUMBER() OVER (PARTITION BY who ORDER BY begun) AS n
    FROM calls) AS x WHERE x.n = 1""",
    "SELECT c.id, l.top FROM calls c, LATERAL (SELECT MAX(p.rate) AS top FROM plans p WHERE p.who = c.who) AS l",
    "SELECT id FROM calls ORDER BY seconds DESC, id LIMIT 3",
    "SELECT who, id FROM calls QUALIFY ROW_NUMBER() OVER (PARTITION BY who ORDER BY seconds, id) = 1",
    "SELECT c.who, u.part FROM calls c, UNNEST([c.seconds, c.id]) AS u(part)",
    "SELECT MAX(seconds) FILTER (WHERE who = 'a') AS m, MIN(id) AS i FROM calls",
]


def leaves(node: Node) -> set[str]:
    """Return the columns of tables at the ends of sqlglot's lineage."""
    return {
        f"{one.expression.name}.{one.name.rpartition('.')[2]}".lower().replace('"', "")
        for one in node.walk()
        if isinstance(one.expression, exp.Table) and not one.downstream
    }


SIMPLE = [
    text
    for text in QUERIES
    if not any(word in text for word in ("(SELECT MAX", "CASE", "OVER", "UNNEST", "FILTER", "EXCEPT"))
]
"""Those in which sqlglot counts as a value what we count as one."""


@pytest.mark.parametrize("text", SIMPLE)
def test_values_are_those_that_sqlglot_finds(text: str) -> None:
    schema = {table: dict.fromkeys(names, "INT") for table, names in TABLES.items()}
    for name, made in query(text).columns.items():
        ours = {f"{one.origin.node}.{one.origin.column}" for one in made if one.subtype.type == "DIRECT"}
        assert ours == leaves(lineage(name, text, schema=schema, dialect="duckdb")), name


@pytest.mark.parametrize("text", QUERIES)
def test_changing_a_column_moves_nothing_that_does_not_name_it(text: str) -> None:
    rows = query(text)
    before = answer(text, None)
    moved = False
    for table, names in TABLES.items():
        for name in names:
            after = answer(text, (table, name))
            sources = {
                out: {(one.origin.node, one.origin.column) for one in made} for out, made in rows.columns.items()
            }
            if (table, name) in {(one.origin.node, one.origin.column) for one in rows.decided}:
                continue
            for out, values in before.items():
                if after[out] != values:
                    moved = True
                    assert (table, name) in sources[out], f"{table}.{name} moves `{out}`"
    assert moved or rows.decided


def answer(text: str, changed: tuple[str, str] | None) -> dict[str, list[str]]:
    """Return each output column's values, sorted, with one source column changed."""
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE calls AS SELECT range AS id, chr(CAST(97 + range % 3 AS INTEGER)) AS who, "
            "range * 7 % 50 AS seconds, "
            "TIMESTAMP '2026-01-01' + INTERVAL (range * 11 % 17) HOUR AS begun FROM range(12)"
        )
        database.execute(
            "CREATE TABLE plans AS SELECT * FROM (VALUES ('a', 0.1), ('b', 0.5), ('d', 0.9)) AS v(who, rate)"
        )
        if changed is not None:
            table, name = changed
            values = {"who": "'b'", "begun": '"begun" + INTERVAL (id * 5 % 7) DAY', "rate": "1 - rate / 3"}
            database.execute(f'UPDATE {table} SET "{name}" = {values.get(name, f"{name} + 13 - id % 4")}')
        result = database.execute(text)
        names = [one[0] for one in result.description or ()]
        found = result.fetchall()
    return {name: sorted(str(row[at]) for row in found) for at, name in enumerate(names)}


def test_columns_hold_after_sqlglot_has_qualified_the_query() -> None:
    """The same lineage comes from the text as written and with every name spelled out."""
    schema: dict[str, object] = {table: dict.fromkeys(names, "INT") for table, names in TABLES.items()}
    for text in QUERIES[:9]:
        tree = qualify(sqlglot.parse_one(text, dialect="duckdb"), schema=schema, dialect="duckdb")
        assert isinstance(tree, exp.Query)
        qualified = tree.sql("duckdb")
        assert columns(query(qualified)) == columns(query(text)), text


def test_table_that_may_not_be_read_has_no_columns() -> None:
    tree = sqlglot.parse_one("SELECT a FROM nowhere", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    assert columns(rows_of_query(tree, lambda table: None)) == {"a": set()}
