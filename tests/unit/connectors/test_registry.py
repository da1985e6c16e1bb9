"""The registry: what is there, read without drivers, and connectors of other packages beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dataflow_provider.connectors.connection_types import ConnectionType
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.jdbc import JDBCConnectorBase
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.native import NativeConnectorBase
from dataflow_provider.connectors.registry import REGISTRY, connector_of, get_connector, get_native_connector
from dataflow_provider.dialects.registry import DIALECTS
from dataflow_provider.errors import AuthorError, InternalError
from dataflow_provider.spec.manifest import Maturity
from dataflow_provider.spec.nodes import CONNECTORS
from tests.engines.packages import InstallPackage

RUNNING = [name for name, manifest in BUILT_IN.items() if manifest.implementation]


def test_every_connector_of_the_language_has_a_manifest() -> None:
    assert set(BUILT_IN) == set(CONNECTORS)


@pytest.mark.parametrize("name", RUNNING)
def test_implementation_is_of_the_kind_its_manifest_names(name: str) -> None:
    connector = REGISTRY.get(name)
    assert connector.manifest is BUILT_IN[name]
    assert isinstance(connector, JDBCConnectorBase if connector.manifest.kind == "sql" else NativeConnectorBase)
    assert connector.manifest.tested_on


def test_planned_is_what_has_no_implementation() -> None:
    assert {name for name, one in BUILT_IN.items() if one.maturity is Maturity.PLANNED} == set(BUILT_IN) - set(RUNNING)


def test_every_sql_connector_speaks_a_dialect_and_every_dialect_has_a_connector() -> None:
    assert {one.dialect for one in BUILT_IN.values() if one.kind == "sql"} == set(DIALECTS)


def test_maturity_says_live_only_where_the_dialect_does() -> None:
    live = {name for name, one in BUILT_IN.items() if one.kind == "sql" and one.maturity is Maturity.LIVE_TESTED}
    assert live <= {name for name, dialect in DIALECTS.items() if dialect.live_tested}


def test_connection_types_of_the_product_are_those_of_the_enum() -> None:
    named = {kind for one in BUILT_IN.values() for kind in one.connection_types}
    assert named == set(ConnectionType)


def test_manifests_are_read_without_a_driver() -> None:
    code = (
        "import sys; from dataflow_provider.connectors.manifests import BUILT_IN; "
        "bad = {'duckdb', 'pyarrow', 'airflow', 'psycopg', 'sqlglot'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_connector_of_a_connection_goes_by_airflows_type() -> None:
    assert connector_of(ConnectionSpec("c", "mssql")).name == "sqlserver"
    with pytest.raises(AuthorError, match=r"DF-CONN-003.*`ftp`.*`mssql`"):
        connector_of(ConnectionSpec("c", "ftp"))


def test_unknown_and_planned_connectors_are_refused_by_name() -> None:
    with pytest.raises(AuthorError, match=r"there is no connector `db2`.*`teradata`"):
        REGISTRY.get("db2")
    planned = next(name for name in BUILT_IN if name not in RUNNING) if set(BUILT_IN) - set(RUNNING) else None
    if planned is not None:
        with pytest.raises(AuthorError, match="cannot run here yet"):
            REGISTRY.get(planned)
    with pytest.raises(AuthorError, match="not a SQL engine"):
        get_connector("file")
    with pytest.raises(AuthorError, match="not a store"):
        get_native_connector("duckdb")


MANIFEST = """
from dataflow_provider.spec.manifest import ConnectorManifest

MANIFEST = ConnectorManifest(
    name={name!r}, label="Acme", kind="native", implementation={implementation!r}, description="", icon="acme",
    category="Services", docs="https://example.invalid", version="1",
)
"""


@pytest.fixture
def install(install_package: InstallPackage) -> Callable[..., None]:
    def install(name: str, *, entry: str | None = None, implementation: str = "", text: str | None = None) -> None:
        module = text or MANIFEST.format(name=name, implementation=implementation)
        install_package(f"acme_{name}", {"manifest.py": module}, {entry or name: f"acme_{name}.manifest:MANIFEST"})

    return install


def test_connector_of_another_package_is_found_by_its_entry_point(install: Callable[..., None]) -> None:
    install("acme")
    assert REGISTRY.manifest("acme").label == "Acme"
    assert [one.name for one in REGISTRY.manifests()][-1] == "acme"


def test_broken_connector_is_told_and_hides_no_other(
    install: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    install("good")
    install("bad", text="raise RuntimeError('no licence')")
    install("none", text="MANIFEST = 1")
    install("other", entry="mine")
    install("duckdb")
    assert REGISTRY.find("good") is not None
    assert {one.name: one.reason for one in REGISTRY.broken()} == {
        "bad": "RuntimeError: no licence",
        "none": "`acme_none.manifest:MANIFEST` is no ConnectorManifest",
        "mine": "the entry point `mine` and the manifest `other` must have one name of lower-case letters, digits and "
        "`_`, a letter first",
        "duckdb": "the product itself has a connector of that name",
    }
    assert "no licence" in caplog.text


def test_implementation_of_another_class_is_a_defect_of_the_connector(install: Callable[..., None]) -> None:
    install("acme", implementation="pathlib:Path")
    with pytest.raises(InternalError, match=r"DF-CONN-019.*NativeConnectorBase"):
        REGISTRY.get("acme")
