"""The product as a team runs it: metadata in PostgreSQL, LocalExecutor, two processes that answer the API.

The same PostgreSQL server holds a database `shop`, which pipelines know as the connection of that name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflow_provider.connectors.connections import ConnectionSpec, variable_name
from tests.e2e.product import Product, start_product, wait_for
from tests.engines.postgres import PostgresServer, start_postgres

SHOP = "shop"
MAX_CONNECTIONS = 150
STATE_WITHIN_S = 60.0


@dataclass
class Scaled:
    """The running product and the two databases of its PostgreSQL server."""

    product: Product
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

    def wait_for_state(self, pipeline_id: str, run_id: str, *states: str) -> dict[str, Any]:
        """Return the run's document once it stands so."""

        def reached() -> dict[str, Any] | None:
            document = self.document(pipeline_id, run_id)
            return document if document["run"]["state"] in states else None

        return wait_for(reached, STATE_WITHIN_S)

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
    return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "AIRFLOW__API__WORKERS": "2"}


@contextmanager
def start_scaled(project: Path) -> Iterator[Scaled]:
    """Start PostgreSQL and the product on it; both are gone afterwards."""
    with start_postgres(MAX_CONNECTIONS) as server:
        for name in ("airflow", SHOP):
            server.query(f"CREATE DATABASE {name}")
        metadata, shop = server.with_schema("airflow"), server.with_schema(SHOP)
        settings = {**metadata_settings(metadata), **connection_variable(shop.spec, SHOP)}
        with start_product(project, settings=settings) as product:
            yield Scaled(product, metadata, shop)
