"""transform.sql and the texts of sources: what they may read, and what they may not do."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dataflow_provider.compiler.compiled import Probe
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.errors import TransientError
from tests.unit.compiler.conftest import VALUES, Rows, Warehouse, make_pipeline


@pytest.fixture
def shop(warehouse: Warehouse) -> Warehouse:
    warehouse.table("orders", "id INTEGER, customer INTEGER, amount INTEGER", [(1, 1, 5), (2, 1, 7), (3, 9, 1)])
    warehouse.table("customers", "id INTEGER, name VARCHAR", [(1, "Ann"), (2, "Bob")])
    warehouse.table("secrets", "id INTEGER", [(42,)])
    return warehouse


def sql(query: str, **fields: Any) -> dict[str, Any]:
    return {"type": "transform.sql", "query": query, **fields}


def two(shop: Warehouse, query: str, **fields: Any) -> Rows:
    return shop.through(sql(query, **fields), "orders", "customers")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT c.name, SUM(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY 1",
         [("Ann", 12)]),
        ("SELECT name FROM customers WHERE id NOT IN (SELECT customer FROM orders)", [("Bob",)]),
        ("WITH orders AS (SELECT * FROM orders WHERE amount > 5) SELECT id FROM orders", [(2,)]),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
         [(1,), (2,), (3,)]),
        ("SELECT id FROM orders UNION SELECT id FROM customers", [(1,), (2,), (3,)]),
        ("SELECT orders.id FROM ORDERS WHERE EXISTS (SELECT 1 FROM customers WHERE customers.id = orders.customer)",
         [(1,), (2,)]),
        ("FROM orders SELECT id ORDER BY id DESC LIMIT 1;", [(3,)]),
        ("SELECT x.i FROM range(2) AS x(i)", [(0,), (1,)]),
        ("SELECT id /* node:fake */ FROM orders -- where\nWHERE id = 1", [(1,)]),
    ],
)  # fmt: skip
def test_query_reads_its_inputs(shop: Warehouse, query: str, expected: list[tuple[Any, ...]]) -> None:
    assert two(shop, query).unordered == expected


def test_authors_comments_are_no_markers(shop: Warehouse) -> None:
    two(shop, "SELECT orders.id /* node:fake */ FROM orders, customers")
    assert "fake" not in "".join(step.sql for step in shop.compiled[0].steps)


def test_aliases_of_a_from_map_name_the_inputs(shop: Warehouse) -> None:
    result = two(shop, "SELECT a.id FROM a JOIN b ON a.id = b.id", **{"from": {"a": "orders", "b": "customers"}})
    assert result.unordered == [(1,), (2,)]


def test_rejected_port_is_named_with_two_underscores(shop: Warehouse) -> None:
    nodes = {
        "orders": {"type": "source.duckdb", "table": "orders"},
        "f": {"type": "transform.filter", "from": "orders", "where": "amount > 5"},
        "t": sql("SELECT f.id, (SELECT COUNT(*) FROM f__rejected) AS others FROM f", **{"from": ["f", "f.rejected"]}),
        "out": {"type": "target.duckdb", "table": "out", "from": "t"},
    }
    assert shop.run(nodes)["out"].rows == [(2, 2)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM secrets", "DF-SQL-031"),
        ("SELECT * FROM main.orders", "DF-SQL-031"),
        ("SELECT id, (SELECT MAX(id) FROM secrets) FROM orders", "DF-SQL-031"),
        ("WITH s AS (SELECT * FROM s) SELECT * FROM s", "DF-SQL-031"),
        ("SELECT * FROM 'orders.csv'", "DF-SQL-008"),
        ("SELECT * FROM read_csv('/etc/passwd')", "DF-SQL-008"),
        ("SELECT * FROM READ_PARQUET(['x'])", "DF-SQL-008"),
        ("SELECT * FROM read_text('/etc/passwd')", "DF-SQL-008"),
        ("SELECT * FROM glob('/*')", "DF-SQL-008"),
        ("SELECT * FROM query('SELECT 1')", "DF-SQL-008"),
        ("SELECT * FROM sqlite_scan('x', 'y')", "DF-SQL-008"),
        ("SELECT * FROM duckdb_settings()", "DF-SQL-008"),
        ("SELECT getenv('HOME')", "DF-SQL-008"),
        ("SELECT id FROM orders WHERE id IN (SELECT content FROM read_blob('x'))", "DF-SQL-008"),
        ("SELECT 1; DROP TABLE orders", "DF-SQL-002"),
        ("DROP TABLE orders", "DF-SQL-003"),
        ("INSERT INTO orders SELECT 1, 2, 3", "DF-SQL-003"),
        ("WITH x AS (INSERT INTO orders VALUES (1, 2, 3) RETURNING *) SELECT * FROM x", "DF-SQL-003"),
        ("SELECT * INTO copy FROM orders", "DF-SQL-003"),
        ("COPY orders TO 'x.csv'", "DF-SQL-003"),
        ("ATTACH 'x.db'", "DF-SQL-003"),
        ("PRAGMA database_list", "DF-SQL-003"),
        ("SET threads = 1", "DF-SQL-003"),
        ("SELECT FROM WHERE", "DF-SQL-001"),
        ("SELECT 'open", "DF-SQL-001"),
        ("", "at least 1 character"),
        ("   ", "DF-SQL-001"),
        ("SELECT * FROM orders WHERE id = ?", "DF-SQL-007"),
        ("SELECT * FROM orders WHERE id = $1", "DF-SQL-007"),
        ("SELECT * FROM orders WHERE id = :unknown", "DF-SQL-010"),
        ("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, "DF-SQL-001"),
    ],
)  # fmt: skip
def test_query_that_reaches_further_is_refused(shop: Warehouse, query: str, code: str) -> None:
    with pytest.raises((CompileError, ValueError), match=code):
        two(shop, query)


def test_unknown_table_suggests_the_input(shop: Warehouse) -> None:
    with pytest.raises(CompileError, match="Did you mean `customers`"):
        two(shop, "SELECT * FROM costumers")


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("SELECT o.amout FROM orders AS o", "o.amout"),
        ("SELECT amout FROM orders", "amout"),
        ("WITH big AS (SELECT id FROM orders) SELECT amount FROM big", "amount"),
        ("SELECT id FROM orders WHERE nme = 1", "nme"),
    ],
)
def test_missing_column_is_found(looking: Warehouse, query: str, missing: str) -> None:
    looking.table("orders", "id INTEGER, amount INTEGER", [])
    with pytest.raises(CompileError) as caught:
        looking.through(sql(query), "orders")
    assert [(one.code, one.path) for one in caught.value.problems] == [("DF-SQL-012", ("nodes", "t", "query"))]
    assert f"`{missing}`" in caught.value.message


@pytest.mark.parametrize(
    "query",
    [
        "SELECT amount * 2 AS double, double + 1 AS more FROM orders",
        "SELECT o.s.k FROM orders AS o",
        "SELECT s.k FROM orders",
        "SELECT list_transform(l, lambda y: y + amount) FROM orders",
        "SELECT u.v FROM orders, UNNEST(l) AS u(v)",
        "SELECT id, (SELECT MAX(x.id) FROM orders x WHERE x.amount = orders.amount) FROM orders",
        "SELECT COLUMNS('i.*') FROM orders",
        "SELECT current_date, current_user FROM orders",
        "SELECT id AS n FROM orders ORDER BY n",
        "SELECT amount AS grp, COUNT(*) FROM orders GROUP BY grp HAVING COUNT(*) > 0",
        "SELECT * FROM (SELECT id, amount FROM orders) PIVOT (SUM(amount) FOR id IN (1, 2))",
    ],
)
def test_valid_query_is_not_taken_for_a_wrong_one(looking: Warehouse, query: str) -> None:
    looking.table("orders", "id INTEGER, amount INTEGER, l INTEGER[], s STRUCT(k INTEGER)", [(1, 2, [3], {"k": 4})])
    assert len(looking.through(sql(query), "orders").rows) == 1


def test_what_the_database_refuses_is_said_of_the_node(looking: Warehouse) -> None:
    looking.table("orders", "id INTEGER", [])
    with pytest.raises(CompileError) as caught:
        looking.through(sql("SELECT no_such_function(id) AS x FROM orders"), "orders")
    assert (caught.value.code, caught.value.place.node) == ("DF-SQL-020", "t")
    assert "no_such_function" in caught.value.message


# ---------------------------------------------------------------- sources


def source(shop: Warehouse, **fields: Any) -> Rows:
    nodes = {"s": {"type": "source.duckdb", **fields}, "out": {"type": "target.duckdb", "table": "out", "from": "s"}}
    return shop.run(nodes)["out"]


def test_source_reads_columns_and_rows_asked_for(shop: Warehouse) -> None:
    result = source(shop, table="orders", columns=["amount", "id"], where="customer = 1 AND amount > 5")
    assert (result.columns, result.rows) == (["amount", "id"], [(7, 2)])


def test_source_query_may_read_any_table_and_be_narrowed(shop: Warehouse) -> None:
    query = "SELECT o.id, name FROM orders o LEFT JOIN main.customers c ON c.id = o.customer"
    result = source(shop, query=query, where="name IS NULL", columns=["id"])
    assert result.rows == [(3,)]
    assert len(source(shop, query=query).rows) == 3


def test_node_named_like_its_table_reads_the_table(shop: Warehouse) -> None:
    nodes = {
        "orders": {"type": "source.duckdb", "query": "SELECT * FROM orders WHERE id > 1"},
        "customers": {
            "type": "source.duckdb",
            "query": "WITH orders AS (SELECT * FROM customers) SELECT * FROM orders",
        },
        "t": sql(
            "SELECT orders.id FROM orders JOIN customers ON customers.id = orders.id",
            **{"from": ["orders", "customers"]},
        ),
        "out": {"type": "target.duckdb", "table": "out", "from": "t"},
    }
    assert shop.run(nodes)["out"].rows == [(2,)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"table": "data.csv"}, "DF-SQL-008"),
        ({"table": '"/etc/x"'}, "DF-SQL-008"),
        ({"table": "a.b.c.d"}, "DF-SQL-014"),
        ({"table": "orders; DROP TABLE orders"}, "DF-SQL-014"),
        ({"query": "SELECT * FROM read_csv('x')"}, "DF-SQL-008"),
        ({"query": "DELETE FROM orders"}, "DF-SQL-003"),
        ({"table": "orders", "where": "1 = 1; DROP TABLE orders"}, "DF-SQL-002"),
        ({"table": "orders", "where": "id IN (SELECT id FROM secrets)"}, "DF-SQL-009"),
        ({"table": "orders", "where": "1 = 1) OR (1 = 1"}, "DF-SQL-001"),
    ],
)
def test_source_that_reaches_further_is_refused(shop: Warehouse, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(CompileError, match=code):
        source(shop, **fields)


class Gone:
    """A session whose server has gone away."""

    def columns_of(self, table: str) -> dict[str, str] | None:
        raise TransientError("DF-RUN-022", "the connection to the database was lost")

    columns_of_query = columns_of


def test_lost_connection_is_no_mistake_in_the_sql() -> None:
    nodes = {
        "a": {"type": "source.duckdb", "query": "SELECT 1 AS id"},
        "t": {"type": "target.duckdb", "from": "a", "table": "t"},
    }
    plan = plan_pipeline(make_pipeline(nodes))
    with pytest.raises(TransientError):
        compile_stage(plan, plan.stages[0], VALUES, probe=cast(Probe, Gone()))
