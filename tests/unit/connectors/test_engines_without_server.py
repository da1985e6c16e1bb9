"""Engines that no server stands for here: real drivers on a closed port, missing drivers, what their errors mean."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hdbcli.dbapi
import oracledb
import pymssql
import pyodbc
import pytest
import teradatasql

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import VendorError
from dataflow_provider.connectors.impl import oracle, saphana, sqlserver, sybase, teradata
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from tests.engines.processes import free_port

OPTIONS = SessionOptions(Holder("flights", "load"))
ENGINES = ("teradata", "sqlserver", "oracle", "sybase", "saphana")
TYPES = {"sqlserver": "mssql", "saphana": "saphana"}


def spec_of(engine: str, port: int) -> ConnectionSpec:
    extra = {"service_name": "XE"} if engine == "oracle" else {}
    return ConnectionSpec("away", TYPES.get(engine, engine), "127.0.0.1", port, None, "u", "some-secret", extra)


@pytest.mark.parametrize(
    ("engine", "code"),
    [
        ("teradata", "444"),
        ("sqlserver", "20009"),
        ("oracle", "DPY-6005"),
        ("sybase", "20009"),
        ("saphana", "-10709"),
    ],
)
def test_open_on_a_closed_port_tells_the_vendors_code_and_where(engine: str, code: str) -> None:
    port = free_port()
    with pytest.raises(TransientError) as caught, get_connector(engine).open(spec_of(engine, port), OPTIONS):
        pass
    assert caught.value.code == "DF-CONN-012"
    assert f"127.0.0.1:{port}" in caught.value.message
    assert code in caught.value.message
    assert "some-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("engine", "driver", "package"),
    [
        ("teradata", "airflow.providers.teradata.hooks.teradata", "teradata"),
        ("sqlserver", "airflow.providers.microsoft.mssql.hooks.mssql", "mssql"),
        ("oracle", "airflow.providers.oracle.hooks.oracle", "oracle"),
        ("sybase", "pyodbc", "sybase"),
        ("saphana", "hdbcli", "saphana"),
    ],
)
def test_open_without_the_driver_names_what_to_install(
    engine: str, driver: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(AuthorError) as caught, get_connector(engine).open(spec_of(engine, free_port()), OPTIONS):
        pass
    assert caught.value.code == "DF-CONN-014"
    assert f"dataflow-ai[{package}]" in str(caught.value.hint)


def test_open_of_sybase_without_its_odbc_driver_names_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyodbc, "drivers", lambda: ["PostgreSQL Unicode"])
    with pytest.raises(AuthorError, match="DF-CONN-014") as caught:
        sybase.SybaseConnector().connect(spec_of("sybase", 1), OPTIONS)
    assert "`FreeTDS`" in caught.value.message
    assert "`PostgreSQL Unicode`" in caught.value.message
    assert "tdsodbc" in str(caught.value.hint)


def test_open_of_sybase_by_a_library_that_is_not_there_is_the_authors_to_mend() -> None:
    spec = replace(spec_of("sybase", 1), extra={"driver": "/nowhere/libase.so"})
    with pytest.raises(AuthorError, match="DF-CONN-015"), get_connector("sybase").open(spec, OPTIONS):
        pass


@pytest.mark.parametrize("engine", ENGINES)
def test_setting_that_is_not_listed_is_refused_before_the_driver_is_asked(engine: str) -> None:
    options = replace(OPTIONS, settings={"timezone": "Asia/Tokyo"})
    with (
        pytest.raises(AuthorError, match="DF-CONN-004"),
        get_connector(engine).open(spec_of(engine, free_port()), options),
    ):
        pass


def teradata_error(number: int, text: str) -> Exception:
    return teradatasql.OperationalError(
        f"[Version 20.0.0.72] [Session 1000] [Teradata Database] [Error {number}] {text}\n at gosqldriver/x.go:1"
    )


def oracle_error(code: str, text: str) -> Any:
    """An error as the driver itself makes it of the server's text."""
    from oracledb import errors

    return oracledb.DatabaseError(errors._Error(f"{code}: {text}", code=int(code[4:])))


def odbc_error(number: int, text: str, state: str = "42000") -> Any:
    return pyodbc.Error(state, f"[{state}] [FreeTDS][SQL Server]{text} ({number}) (SQLExecDirectW)")


Meaning = tuple[Exception, type[DataflowError], str]
MEANINGS: dict[str, Meaning] = {
    "teradata deadlock": (teradata_error(2631, "Transaction ABORTed due to deadlock."), TransientError, "DF-RUN-017"),
    "teradata load": (teradata_error(2652, "Operation not allowed: t is being Loaded."), TerminalError, "DF-RUN-010"),
    "teradata restart": (teradata_error(2825, "No record of the last request."), TerminalError, "DF-RUN-010"),
    "teradata queued": (teradata_error(3178, "Request timed out."), TransientError, "DF-RUN-023"),
    "teradata table": (teradata_error(3807, "Object 'bob' does not exist."), TerminalError, "DF-RUN-014"),
    "teradata text": (teradata_error(3706, "Syntax error: expected something."), TerminalError, "DF-RUN-015"),
    "teradata double": (teradata_error(2801, "Duplicate unique prime key error in t."), TerminalError, "DF-RUN-011"),
    "sqlserver deadlock": (pymssql.OperationalError(1205, b"deadlocked on lock"), TransientError, "DF-RUN-017"),
    "sqlserver lock": (pymssql.OperationalError(1222, b"Lock request time out"), TransientError, "DF-RUN-023"),
    "sqlserver login": (pymssql.OperationalError((18456, b"Login failed for user 'u'.")), TerminalError, "DF-CONN-013"),
    "sqlserver double": (
        pymssql.IntegrityError(2627, b"Cannot insert. The duplicate key value is (bob@x.org)."), TerminalError,
        "DF-RUN-011",
    ),
    "sqlserver value": (pymssql.OperationalError(245, b"Conversion failed: 'bob'"), TerminalError, "DF-RUN-012"),
    "oracle deadlock": (oracle_error("ORA-00060", "deadlock detected"), TransientError, "DF-RUN-017"),
    "oracle busy": (oracle_error("ORA-00054", "resource busy"), TransientError, "DF-RUN-023"),
    "oracle double": (oracle_error("ORA-00001", "unique constraint (S.PK) violated"), TerminalError, "DF-RUN-011"),
    "oracle number": (oracle_error("ORA-01722", "unable to convert string value 'bob'"), TerminalError, "DF-RUN-012"),
    "oracle stop": (oracle_error("ORA-01013", "user requested cancel"), TransientError, "DF-RUN-019"),
    "sybase deadlock": (odbc_error(1205, "Your command was deadlocked"), TransientError, "DF-RUN-017"),
    "sybase locks": (odbc_error(1204, "ASE has run out of LOCKS"), TransientError, "DF-RUN-023"),
    "sybase double": (odbc_error(2601, "Attempt to insert duplicate key row"), TerminalError, "DF-RUN-011"),
    "sybase value": (odbc_error(249, "Syntax error during explicit conversion of 'bob'"), TerminalError, "DF-RUN-012"),
    "sybase login": (odbc_error(4002, "Login failed."), TerminalError, "DF-CONN-013"),
    "hana deadlock": (hdbcli.dbapi.Error(133, "rolled back by detected deadlock"), TransientError, "DF-RUN-017"),
    "hana lock": (hdbcli.dbapi.Error(131, "rolled back by lock wait timeout"), TransientError, "DF-RUN-023"),
    "hana double": (hdbcli.dbapi.IntegrityError(301, "unique constraint violated: 'bob'"), TerminalError, "DF-RUN-011"),
    "hana login": (hdbcli.dbapi.Error(10, "authentication failed"), TerminalError, "DF-CONN-013"),
    "hana lost": (hdbcli.dbapi.Error(-10807, "Connection down"), TransientError, "DF-RUN-022"),
}  # fmt: skip
READERS: dict[str, Callable[[Exception], object]] = {
    "teradata": teradata._vendor_error,
    "sqlserver": sqlserver._vendor_error,
    "oracle": oracle._vendor_error,
    "sybase": sybase._vendor_error,
    "hana": saphana._vendor_error,
}


@pytest.mark.parametrize("case", MEANINGS)
def test_error_of_the_driver_says_whether_a_retry_can_help(case: str) -> None:
    given, branch, code = MEANINGS[case]
    found = READERS[case.split()[0]](given)
    assert isinstance(found, VendorError)
    error = found.as_error("engine", "away")
    assert (type(error), error.code) == (branch, code)
    assert found.code in error.message
    if code in ("DF-RUN-011", "DF-RUN-012"):
        assert "bob" not in error.message


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_error_of_somebody_else_is_none_of_the_drivers(read: Callable[[Exception], object]) -> None:
    assert read(RuntimeError("x")) is None


@pytest.mark.parametrize("number", [2631, 2639, 2641, 2834, 2835, 3110, 3111, 3120, 3127, 3178, 3598, 3603, 8024])
def test_teradata_code_that_may_be_retried_is_transient(number: int) -> None:
    found = teradata._vendor_error(teradata_error(number, "x"))
    assert found is not None
    assert isinstance(found.as_error("Teradata"), TransientError)


def test_hooks_of_these_engines_are_installed_for_the_tests() -> None:
    for module in ("airflow.providers.odbc", "airflow.providers.oracle", "airflow.providers.microsoft.mssql"):
        assert importlib.util.find_spec(module) is not None
