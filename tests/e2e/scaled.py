"""The product as a team runs it: metadata in PostgreSQL, tasks by the LocalExecutor.

The same PostgreSQL server holds a database `shop`, which pipelines know as the connection of that name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from dataflow_provider.connectors.connections import ConnectionSpec, variable_name
from dataflow_provider.demo.airflow import COMPONENTS, DemoAirflow
from dataflow_provider.demo.services import find_instance
from tests.e2e.product import Product, start_product, wait_for
from tests.engines.postgres import PostgresServer, start_postgres

SHOP = "shop"
MAX_CONNECTIONS = 150
STATE_WITHIN_S = 60.0


class SupervisedAirflow(DemoAirflow):
    """Airflow whose components may be killed: a service manager, which is the test itself, starts them again."""

    def start(self, timeout_s: float = 400.0, on_wait: Callable[[list[str]], None] = lambda sick: None) -> None:
        super().start(timeout_s, on_wait)

    def processes(self) -> list[psutil.Process]:
        """Return every living process of it, orphans too."""
        return find_instance(self._instance)

    def component(self, name: str) -> psutil.Process:
        return psutil.Process(next(one.process.pid for one in self._services if one.name == name))

    def kill(self, name: str, *, with_children: bool = True) -> None:
        """The component dies by SIGKILL, and all that it has started."""
        dying: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            process = self.component(name)
            dying = [*(process.children(recursive=True) if with_children else ()), process]
        for one in dying:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(dying, timeout=10)

    def start_beside(self, name: str, *arguments: str) -> None:
        """One more component runs: `airflow <arguments>`."""
        self._start(name, (sys.executable, "-m", "airflow", *arguments), self.environment)

    @contextmanager
    def scheduler_with(self, settings: Mapping[str, str]) -> Iterator[None]:
        """The scheduler runs with other settings, as does what is started beside; then as before."""
        before = dict(self._settings)
        self._settings.update(settings)
        self.kill("scheduler")
        self.revive()
        try:
            yield
        finally:
            self._settings = before
            for service in self._services[len(COMPONENTS) :]:
                self.kill(service.name)
                service.process.wait()
            del self._services[len(COMPONENTS) :]
            self.kill("scheduler")
            self.revive()

    def revive(self) -> list[str]:
        """Start the components that have ended; return their names. Their logs are kept aside."""
        dead = [service for service in self._services if not service.is_alive]
        for service in dead:
            service.log.replace(service.log.with_name(f"{service.log.stem}.{service.process.pid}.log"))
            at = self._services.index(service)
            self.start_beside(service.name, *COMPONENTS[service.name])
            self._services[at] = self._services.pop()
        return [service.name for service in dead]


@dataclass
class Scaled:
    """The running product and the two databases of its PostgreSQL server."""

    product: Product
    airflow: SupervisedAirflow
    metadata: PostgresServer
    shop: PostgresServer

    def start(self, pipeline_id: str, text: str) -> str:
        """Publish a pipeline and return the id of its new run."""
        self.product.write(pipeline_id, text)
        self.product.wait_for_pipeline(pipeline_id, lambda item: item["state"] != "invalid")
        return self.trigger(pipeline_id)

    def trigger(self, pipeline_id: str) -> str:
        self.product.unpause(pipeline_id)
        answer = self.product.client("engineer").post(f"/pipelines/{pipeline_id}/runs", json={})
        assert answer.status_code == 201, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    def document(self, pipeline_id: str, run_id: str) -> dict[str, Any]:
        answer = self.product.client("engineer").get(f"/runs/{pipeline_id}/{run_id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def wait_for_state(
        self, pipeline_id: str, run_id: str, *states: str, seconds: float = STATE_WITHIN_S
    ) -> dict[str, Any]:
        """Return the run's document once it stands so."""

        def reached() -> dict[str, Any] | None:
            document = self.document(pipeline_id, run_id)
            return document if document["run"]["state"] in states else None

        return wait_for(reached, seconds)

    def statements(self, marker: str) -> int:
        """Return how many sessions of the shop run a statement that holds the marker."""
        active = f"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '{SHOP}' AND state = 'active'"
        return int(str(self.metadata.query(f"{active} AND query LIKE '%{marker}%'")[0][0]))


def connection_variable(spec: ConnectionSpec, conn_id: str) -> dict[str, str]:
    """Return the setting by which every process of Airflow knows the connection."""
    document = {
        "conn_type": spec.conn_type, "host": spec.host, "port": spec.port, "schema": spec.schema, "login": spec.login,
        "password": spec.password,
    }  # fmt: skip
    return {variable_name(conn_id): json.dumps(document)}


def metadata_settings(server: PostgresServer) -> Mapping[str, str]:
    spec = server.spec
    url = f"postgresql+psycopg://{spec.login}:{spec.password}@{spec.host}:{spec.port}/{spec.schema}"
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__PARALLELISM": "4",
        # Minutes by default: how soon a task is missed whose worker is gone, and those of a scheduler that is gone.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
    }


@contextmanager
def start_scaled(project: Path) -> Iterator[Scaled]:
    """Start PostgreSQL and the product on it; both are gone afterwards."""
    with start_postgres(MAX_CONNECTIONS) as server:
        for name in ("airflow", SHOP):
            server.query(f"CREATE DATABASE {name}")
        metadata, shop = server.with_schema("airflow"), server.with_schema(SHOP)
        settings = {**metadata_settings(metadata), **connection_variable(shop.spec, SHOP)}
        with start_product(project, settings=settings, kind=SupervisedAirflow) as product:
            assert isinstance(product.airflow_process, SupervisedAirflow)
            yield Scaled(product, product.airflow_process, metadata, shop)
