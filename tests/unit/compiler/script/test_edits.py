"""Edits of a script: one node changes in the file and nothing else, and the file then says what people wrote."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import pytest

from dataflow_provider.compiler.script.read import split_script
from dataflow_provider.compiler.script.takeover import take_over, to_script
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.loader import parse_pipeline

FILE = """\
# What the shop sold
apiVersion: dataflow/v1
kind: Pipeline
id: shop
params:
  least: {type: integer, default: 1}
defaults:
  connection: dwh
nodes:
  # ---------- what comes in
  orders:
    type: source.CONNECTOR
    table: shop.orders
    columns: [id, customer, qty, price, day]  # no comments
  customers: {type: source.CONNECTOR, table: shop.customers, columns: [customer, region]}

  # ---------- what is done
  many:
    type: transform.filter
    # Few is not enough.
    from: orders
    where: qty >= :least  # at least
  priced:
    type: transform.expression
    from: many
    columns:
      amount: qty * price  # gross
      month: day
  joined:
    type: transform.join
    from: {left: priced, right: customers}
    how: left
    keys: [customer]
    condition: r.region <> 'none'
  own:
    type: transform.sql
    from: joined
    query: |
      -- As it was written
      SELECT region, amount, month
      FROM joined
  sums:
    type: transform.aggregate
    from: own
    group_by: [region]
    aggregates: {amount: SUM(amount), orders: COUNT(*)}
  top:
    type: transform.sort
    from: sums
    order_by: [amount DESC]
    limit: 10
  few:
    type: target.CONNECTOR
    from: many.rejected
    table: mart.few
  mart:
    type: target.CONNECTOR
    from: top
    table: mart.sales
    write: {mode: overwrite}
"""


SUMS = "sums /* node:sums */ AS ("


@dataclass(frozen=True)
class Edited:
    """What a file lost and got, line by line, and the findings by code."""

    lost: list[str]
    got: list[str]
    codes: list[str]


def edit(*changes: tuple[str, str], connector: str = "duckdb") -> Edited:
    """Change the SQL of the script of the file, every copy of it, and take it over."""
    before = FILE.replace("CONNECTOR", connector)
    script = to_script(parse_pipeline(before, "shop.yaml"))
    sql, mark, carried = script.partition("-- The pipeline file;")
    assert mark + carried
    for old, new in changes:
        assert old in sql, sql
        sql = sql.replace(old, new)
    taken = take_over(split_script(sql + mark + carried), "shop.sql")
    lines = [*difflib.ndiff(before.splitlines(), taken.text.splitlines())]
    return Edited(
        [line[2:].strip() for line in lines if line.startswith("- ")],
        [line[2:].strip() for line in lines if line.startswith("+ ")],
        [finding.code for finding in taken.findings],
    )


def test_condition_of_a_filter_changes_its_line_and_keeps_the_comment() -> None:
    edited = edit((" WHERE qty >= :least", " WHERE qty > :least + 1"))
    assert edited.lost == ["where: qty >= :least  # at least"]
    assert edited.got == ["where: qty > :least + 1  # at least"]


def test_condition_of_a_filter_warns_of_its_other_port() -> None:
    assert edit((" WHERE qty >= :least", " WHERE qty > 7")).codes == ["DF-CONV-025"]
    both = edit((" WHERE qty >= :least", " WHERE qty > 7"), ("WHEN qty >= :least", "WHEN qty > 7"))
    assert both.got == ["where: qty > 7  # at least"]
    assert both.codes == []


@pytest.mark.parametrize("connector", ["duckdb", "postgres", "mysql", "sqlserver", "oracle", "teradata", "snowflake"])
def test_expression_changes_its_own_line(connector: str) -> None:
    edited = edit(("qty * price", "qty * price * 2"), connector=connector)
    assert edited.lost == ["amount: qty * price  # gross"]
    assert edited.got == ["amount: qty * price * 2  # gross"]
    assert edited.codes == []


@pytest.mark.parametrize("connector", ["duckdb", "postgres", "mysql", "sqlserver", "teradata"])
def test_join_condition_changes_its_own_line(connector: str) -> None:
    edited = edit(("region <> 'none'", "region <> 'other'"), connector=connector)
    assert edited.lost == ["condition: r.region <> 'none'"]
    assert edited.got == ["condition: r.region <> 'other'"]


def test_join_condition_taken_out_and_another_kind() -> None:
    edited = edit((" AND r.region <> 'none'", ""), ("LEFT JOIN", "INNER JOIN"))
    assert edited.lost == ["how: left", "condition: r.region <> 'none'"]
    assert edited.got == ["how: inner"]


def test_query_of_an_own_node_is_taken_as_it_is() -> None:
    edited = edit(("SELECT region, amount, month\n", "SELECT region,  amount, month /* all */\n"))
    assert edited.lost == ["SELECT region, amount, month"]
    assert edited.got == ["SELECT region,  amount, month /* all */"]


def test_aggregate_more_and_another_key() -> None:
    edited = edit(("COUNT(*) AS orders", "COUNT(*) AS orders, MAX(month) AS last"))
    assert edited.lost == ["aggregates: {amount: SUM(amount), orders: COUNT(*)}"]
    assert edited.got == [
        "aggregates:", "amount: SUM(amount)", "orders: COUNT(*)", "last: MAX(month)",
    ]  # fmt: skip


def test_sort_and_limit() -> None:
    edited = edit(("ORDER BY amount DESC LIMIT 10", "ORDER BY amount DESC, region LIMIT 20"))
    assert edited.lost == ["order_by: [amount DESC]", "limit: 10"]
    assert edited.got == ["order_by: [amount DESC, region]", "limit: 20"]


def test_new_column_beside_others_follows_to_the_readers() -> None:
    edited = edit(("day AS month", "day AS month, qty + 1 AS more"))
    assert edited.lost == []
    assert edited.got == ["more: qty + 1"]


def test_what_a_kind_cannot_say_becomes_an_sql_node() -> None:
    edited = edit(("GROUP BY region", "GROUP BY ROLLUP (region)"))
    assert "type: transform.sql" in edited.got
    assert "SUM(amount) AS amount," in " ".join(edited.got) or "SUM(amount)" in " ".join(edited.got)
    assert edited.lost == [
        "type: transform.aggregate", "group_by: [region]", "aggregates: {amount: SUM(amount), orders: COUNT(*)}",
    ]  # fmt: skip


def test_new_with_query_becomes_a_node_of_its_kind() -> None:
    edited = edit(
        (
            "sums /* node:sums */ AS (",
            "dear AS (\n  SELECT * FROM own WHERE amount > 100\n),\nsums /* node:sums */ AS (",
        ),
        ("COUNT(*) AS orders FROM own", "COUNT(*) AS orders FROM dear"),
    )
    assert edited.lost == ["from: own"]
    assert edited.got == ["dear:", "type: transform.filter", "from: own", "where: amount > 100", "from: dear"]


def test_new_with_query_over_real_tables_brings_sources() -> None:
    edited = edit(
        (
            SUMS,
            f"known AS (\n  SELECT o.* FROM own AS o JOIN ref.regions AS g ON g.region = o.region\n),\n{SUMS}",
        ),
        ("COUNT(*) AS orders FROM own", "COUNT(*) AS orders FROM known"),
    )
    assert edited.got[:3] == ["regions:", "type: source.duckdb", "table: ref.regions"]
    assert "from: [own, regions]" in edited.got
    assert edited.lost == ["from: own"]


def test_with_query_taken_out_takes_its_node_out() -> None:
    script = to_script(parse_pipeline(FILE.replace("CONNECTOR", "duckdb"), "shop.yaml"))
    start = script.index("top /* node:top */")
    end = script.index("SELECT * FROM top;")
    cut = script[:start].rstrip().removesuffix(",") + "\n" + script[end:].replace("FROM top;", "FROM sums;")
    text = take_over(split_script(cut), "shop.sql").text
    assert "top:" not in text
    assert "from: sums\n    table: mart.sales" in text
    assert "# Few is not enough." in text


def test_with_query_taken_out_but_read_is_refused() -> None:
    script = to_script(parse_pipeline(FILE.replace("CONNECTOR", "duckdb"), "shop.yaml"))
    start, end = script.index("top /* node:top */"), script.index("SELECT * FROM top;")
    with pytest.raises(AuthorError, match="DF-CONV-022"):
        take_over(split_script(script[:start].rstrip().removesuffix(",") + "\n" + script[end:]), "shop.sql")


def test_target_gets_another_table_and_a_node_for_its_select() -> None:
    edited = edit(("mart.sales", "mart.best"), ("SELECT * FROM top;", "SELECT * FROM top WHERE amount > 5;"))
    assert edited.lost == ["from: top", "table: mart.sales"]
    assert edited.got == [
        "mart_rows:", "type: transform.filter", "from: top", "where: amount > 5", "from: mart_rows", "table: mart.best",
    ]  # fmt: skip


def test_new_statement_and_one_taken_out() -> None:
    edited = edit(("SELECT * FROM top;", "SELECT * FROM top;\n\nINSERT INTO mart.all_sums SELECT * FROM sums;"))
    assert edited.lost == []
    assert edited.got == ["to_all_sums:", "type: target.duckdb", "from: sums", "table: mart.all_sums"]


def test_copies_edited_in_two_ways_are_refused() -> None:
    script = to_script(parse_pipeline(FILE.replace("CONNECTOR", "duckdb"), "shop.yaml"))
    once = script.replace("price, day FROM shop.orders", "price, day FROM shop.orders WHERE id > 1", 1)
    taken = take_over(split_script(once), "shop.sql")
    assert "    where: id > 1\n" in taken.text
    assert [finding.code for finding in taken.findings] == ["DF-CONV-025"]
    twice = once[::-1].replace("sredro.pohs MORF yad", "2 > di EREHW sredro.pohs MORF yad", 1)[::-1]
    with pytest.raises(AuthorError, match="DF-CONV-021"):
        take_over(split_script(twice), "shop.sql")


def test_router_and_ports_that_sql_nodes_have_not_are_refused() -> None:
    with pytest.raises(AuthorError, match="DF-CONV-022"):
        edit((" WHERE qty >= :least", " WHERE qty >= :least LIMIT 5"))


def test_mistake_in_the_sql_is_told_at_its_place() -> None:
    with pytest.raises(AuthorError) as raised:
        edit(("SELECT region, amount, month\n", "SELECT region + , amount, month\n"))
    assert raised.value.code == "DF-SQL-001"
    place = raised.value.place
    assert (place.file, place.node) == ("shop.sql", "own")
    assert place.line is not None


def test_statement_of_another_kind_is_refused() -> None:
    with pytest.raises(AuthorError, match="DF-CONV-020"):
        edit(("SELECT * FROM top;", "DELETE FROM mart.sales;"))


PORTS = """\
apiVersion: dataflow/v1
kind: Pipeline
id: ports
defaults: {connection: dwh}
nodes:
  calls: {type: source.postgres, table: main.calls}
  skipped: {type: transform.filter, from: calls, where: id > 5, enabled: false}
  ways:
    type: transform.router
    from: skipped
    routes:
      big: qty > 5  # large
      dear: price > 9
  checks: {type: quality.row_rule, from: ways.big, where: id > 3}
  top: {type: transform.sort, from: ways.dear, order_by: [id], limit: 3}  # a few
  a: {type: target.postgres, from: checks, table: main.a}
  b: {type: target.postgres, connection: other, from: top, table: main.b}
"""


def edit_ports(*changes: tuple[str, str]) -> tuple[list[str], list[str]]:
    script = to_script(parse_pipeline(PORTS, "ports.yaml"))
    sql, mark, carried = script.partition("-- The pipeline file;")
    for old, new in changes:
        assert old in sql, sql
        sql = sql.replace(old, new)
    before = split_script(script).file or ""
    lines = [
        *difflib.ndiff(before.splitlines(), take_over(split_script(sql + mark + carried), "p.sql").text.splitlines())
    ]
    return [one[2:].strip() for one in lines if one[0] == "-"], [one[2:].strip() for one in lines if one[0] == "+"]


def test_route_changes_for_all_its_ports_and_keeps_the_input_through_a_node_that_is_off() -> None:
    assert edit_ports(("qty > 5", "qty > 6")) == (["big: qty > 5  # large"], ["big: qty > 6  # large"])


def test_node_on_one_line_stays_on_one_line_with_its_comment() -> None:
    lost, got = edit_ports(("LIMIT 3", "LIMIT 4"))
    assert lost == ["top: {type: transform.sort, from: ways.dear, order_by: [id], limit: 3}  # a few"]
    assert got == ["top: {type: transform.sort, from: ways.dear, order_by: [id], limit: 4}  # a few"]


def test_select_of_a_target_elsewhere_gets_a_node_there() -> None:
    lost, got = edit_ports(
        ("INSERT INTO main.b\nSELECT * FROM top", "INSERT INTO main.b\nSELECT * FROM top WHERE id > 1")
    )
    assert lost == ["b: {type: target.postgres, connection: other, from: top, table: main.b}"]
    assert got[:4] == ["b_rows:", "type: transform.filter", "from: top", "where: id > 1"]


def test_checks_are_not_in_the_sql_and_say_so() -> None:
    with pytest.raises(AuthorError, match="DF-CONV-022"):
        edit_ports(("SELECT * FROM ways__big", "SELECT * FROM ways__big WHERE id > 4"))
