"""The dialects of the product, each through what every dialect keeps to."""

from __future__ import annotations

from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from tests.unit.dialects.conformance import DialectConformance


class TestDatabricks(DialectConformance):
    dialect = get_dialect("databricks")


class TestDuckDB(DialectConformance):
    dialect = get_dialect("duckdb")


class TestMySQL(DialectConformance):
    dialect = get_dialect("mysql")


class TestOracle(DialectConformance):
    dialect = get_dialect("oracle")
    shells = (r"CREATE PRIVATE TEMPORARY TABLE \S+( \S+)? ON COMMIT PRESERVE DEFINITION AS\n.*", r"DROP TABLE .* PURGE")


class TestPostgres(DialectConformance):
    dialect = get_dialect("postgres")


class TestSapHana(DialectConformance):
    dialect = get_dialect("saphana")
    shells = (r"CREATE (LOCAL TEMPORARY )?COLUMN TABLE .* AS \(\n.*\n\) WITH DATA",)

    def readable(self, text: str) -> str:
        return text.replace(" LIKE_REGEXPR ", " LIKE ")


class TestSnowflake(DialectConformance):
    dialect = get_dialect("snowflake")


class TestSQLite(DialectConformance):
    dialect = get_dialect("sqlite")


class TestSqlServer(DialectConformance):
    dialect = get_dialect("sqlserver")


class TestSybase(DialectConformance):
    dialect = get_dialect("sybase")


class TestTeradata(DialectConformance):
    dialect = get_dialect("teradata")

    def readable(self, text: str) -> str:
        return text.replace(" CHARACTER SET UNICODE", "")


def test_every_dialect_is_here() -> None:
    here = {one.dialect.name for one in DialectConformance.__subclasses__()}
    assert set(DIALECTS) <= here
