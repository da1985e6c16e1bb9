"""Names of datasets, beside those of OpenLineage's own naming classes where it has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openlineage.client.naming import dataset

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.lineage.naming import path_dataset, table_dataset, topic_dataset
from dataflow_provider.spec.nodes import SQL_CONNECTORS
from dataflow_provider.spec.project import Project


def spec(conn_type: str, **fields: Any) -> ConnectionSpec:
    return ConnectionSpec("c", conn_type, **fields)


@pytest.mark.parametrize(
    ("connection", "table", "expected"),
    [
        (
            spec("postgres", host="h", schema="db"),
            "mart.usage",
            dataset.Postgres(host="h", port="5432", database="db", schema="mart", table="usage"),
        ),
        (
            spec("postgres", host="h", port=1, schema="db"),
            "usage",
            dataset.Postgres(host="h", port="1", database="db", schema="public", table="usage"),
        ),
        (spec("mysql", host="h", schema="db"), "t", dataset.MySQL(host="h", port="3306", database="db", table="t")),
        (spec("mysql", host="h", schema="db"), "x.t", dataset.MySQL(host="h", port="3306", database="x", table="t")),
        (
            spec("snowflake", schema="MART", extra={"account": "org-acc", "database": "DWH"}),
            '"Usage"',
            dataset.Snowflake(
                organization_name="org", account_name="acc", database="DWH", schema="MART", table="Usage"
            ),
        ),
        (
            spec("oracle", host="h", login="DWH", extra={"service_name": "orcl"}),
            "t",
            dataset.Oracle(host="h", port="1521", service_name="orcl", schema="DWH", table="T"),
        ),
        (spec("teradata", host="h", schema="d"), "t", dataset.Teradata(host="h", port="1025", database="d", table="t")),
    ],
)
def test_table_is_named_as_openlineage_names_it(
    connection: ConnectionSpec, table: str, expected: dataset.DatasetNaming
) -> None:
    found = table_dataset(connection.conn_type, connection, table)
    assert found == (expected.get_namespace(), expected.get_name())


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (spec("databricks", host="https://x.cloud/"), ("databricks://x.cloud", "hive_metastore.default.t")),
        (spec("databricks", host="x", extra={"catalog": "c", "schema": "s"}), ("databricks://x", "c.s.t")),
        (spec("sqlserver", host="h", schema="db"), ("mssql://h:1433", "db.dbo.t")),
        (spec("duckdb", host="/data/w.duckdb"), ("duckdb:///data/w.duckdb", "main.t")),
        (spec("sqlite", host="/data/w.db"), ("sqlite:///data/w.db", "main.t")),
    ],
)
def test_table_of_an_engine_without_a_rule_is_named_in_the_same_manner(
    connection: ConnectionSpec, expected: tuple[str, str]
) -> None:
    assert table_dataset(connection.conn_type, connection, "t") == expected


def test_name_without_quotes_is_told_as_the_engine_keeps_it() -> None:
    snowflake = spec("snowflake", schema="MART", extra={"account": "a", "database": "DWH"})
    assert table_dataset("snowflake", snowflake, 'raw."Calls"').name == "DWH.RAW.Calls"
    postgres = spec("postgres", host="h", schema="db")
    assert table_dataset("postgres", postgres, "Mart.Usage").name == "db.mart.usage"


def test_every_sql_connector_has_a_rule_and_shows_no_secret() -> None:
    for name in SQL_CONNECTORS:
        found = table_dataset(name, spec(name, host="h", login="me", password="secret"), "a.b")
        assert found.namespace.partition(":")[0]
        assert "secret" not in "".join(found)


def test_files_and_topics_are_named_by_place(tmp_path: Path) -> None:
    project = Project.of(tmp_path / "p.yaml")
    assert path_dataset("file", None, "in/*.csv", project) == ("file", str(tmp_path / "in" / "*.csv"))
    s3 = dataset.S3(bucket_name="b", object_key="k/x.parquet")
    assert path_dataset("file", None, "s3://b/k/x.parquet", project) == (s3.get_namespace(), s3.get_name())
    remote = dataset.RemoteFileSystem(host="h", path="/out")
    assert path_dataset("sftp", spec("sftp", host="h"), "/out", project) == (remote.get_namespace(), remote.get_name())
    kafka = spec("kafka", extra={"bootstrap.servers": "k1:9092,k2:9092"})
    assert topic_dataset(kafka, "calls") == ("kafka://k1:9092", "calls")
