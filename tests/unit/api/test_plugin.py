"""What Airflow loads, in every process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dataflow_plugin import DataflowPlugin, build_views
from dataflow_provider.api import run_service

MEASURE = """
import sys, time
start = time.process_time()
import airflow.plugins_manager
airflow, before = time.process_time(), set(sys.modules)
import dataflow_plugin
print((time.process_time() - airflow) / (airflow - start), *sorted(m for m in set(sys.modules) - before))
"""


@pytest.mark.parametrize(
    ("base_url", "prefix"),
    [("", ""), ("http://localhost:8080", ""), ("https://x.example/", ""), ("https://x.example/airflow/", "/airflow")],
)
def test_views_lie_below_the_path_of_the_base_url(base_url: str, prefix: str) -> None:
    assert [(view["destination"], view["href"]) for view in build_views(base_url)] == [
        ("nav", f"{prefix}/dataflow/app/"),
        ("dag", f"{prefix}/dataflow/app/pipelines/{{DAG_ID}}"),
        ("dag_run", f"{prefix}/dataflow/app/monitor/runs/{{DAG_ID}}~{{RUN_ID}}"),
    ]


def test_views_have_routes_of_their_own() -> None:
    routes = [view["url_route"] for view in DataflowPlugin.external_views]
    assert len(set(routes)) == len(routes)


def test_importing_the_plugin_is_light_and_brings_no_api() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, timeout=120)
    share, *modules = done.stdout.splitlines()[-1].split()
    ours = {module for module in modules if module.startswith("dataflow")}
    assert ours - {"dataflow_provider"} == {
        "dataflow_plugin",
        "dataflow_provider.airflow_compat",
        "dataflow_provider.api",
        "dataflow_provider.api.shim",
        "dataflow_provider.listeners",
        "dataflow_provider.listeners.failures",
        "dataflow_provider.listeners.overlap",
        "dataflow_provider.listeners.timeouts",
        "dataflow_provider.timetables",
        "dataflow_provider.timetables.registered",
    }
    assert not [module for module in modules if module.startswith(("fastapi", "sqlalchemy", "sqlglot", "duckdb"))]
    assert float(share) <= 0.03, "of what Airflow's own plugin manager costs to import"


def test_root_of_the_mount_leads_to_the_app(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://x.example/airflow")
    for path in ("/dataflow/", "/dataflow/app"):
        response = server.get(path, follow_redirects=False)
        assert response.headers["location"] == "/airflow/dataflow/app/"


def test_server_starts_our_threads_with_itself_and_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    class Service:
        def start(self) -> None:
            heard.append("start")

        def stop(self) -> None:
            heard.append("stop")

    monkeypatch.setattr(run_service, "RunService", Service)
    airflow = FastAPI()
    for declared in DataflowPlugin.fastapi_root_middlewares:
        airflow.add_middleware(declared["middleware"], *declared["args"], **declared["kwargs"])
    with TestClient(airflow) as client:
        assert heard == ["start"]
        assert client.get("/nothing").status_code == 404
    assert heard == ["start", "stop"]
