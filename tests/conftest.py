"""What holds for every test: an Airflow home of its own, no network, no inherited settings, repeatable chance.

Runs before anything imports Airflow, once in each xdist worker. Subfolders add fixtures in a conftest of their own.
"""

from __future__ import annotations

import atexit
import ipaddress
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

# Engines for any test that asks for them; none starts before.
pytest_plugins = (
    "tests.engines.postgres",
    "tests.engines.mariadb",
    "tests.engines.fakesnow",
    "tests.engines.databricks",
    "tests.engines.live",
    "tests.engines.packages",
    "tests.engines.http_service",
    "tests.engines.kafka",
    "tests.engines.sftp",
    "tests.engines.objects",
    "tests.engines.azure",
)

IN_CI = os.environ.get("CI") == "true"
NOT_APPLICABLE = "not applicable"
MODEL_KEYS = ("ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY")


def isolate_airflow() -> Path:
    """AIRFLOW_HOME is a new empty folder, removed at exit, and no AIRFLOW or DATAFLOW setting is inherited."""
    for name in [key for key in os.environ if key.startswith(("AIRFLOW_", "DATAFLOW_"))]:
        del os.environ[name]
    for name in MODEL_KEYS:
        os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix="dataflow-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for folder in ("dags", "plugins", "logs"):
        (home / folder).mkdir()
    os.environ.update(
        {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "TZ": "UTC",
        }
    )
    return home


def take_interrupts() -> None:
    """A shell's background job ignores SIGINT and hands that on to all its children, whom tests stop by it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


AIRFLOW_HOME = isolate_airflow()
take_interrupts()
hypothesis_settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis_settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files under tests/golden")
    parser.addoption("--graphs", type=int, default=None, metavar="N", help="try N random graphs, other ones each time")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run rewrites golden files instead of comparing with them."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    return AIRFLOW_HOME


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Python sockets reach this machine alone; anything else fails at once with the address in the message."""
    connect = socket.socket.connect

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
            raise PermissionError(f"tests do not leave this machine: refused to connect to {address!r}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded_connect)
    yield
    patch.undo()


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test has failed, unless it says `not applicable: …`: what it tests does not exist there."""
    report = yield
    told = f"{NOT_APPLICABLE}: " in str(report.longrepr)
    if report.skipped and IN_CI and not told and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {item.nodeid}: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself while it is imported."""
    report = yield
    if report.skipped and IN_CI:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {collector.nodeid}: {report.longrepr}"
    return report
