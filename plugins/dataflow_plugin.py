"""The Airflow plugin: declares what DataFlow AI adds to Airflow's pages, and imports none of it.

Airflow loads this file in every one of its processes; the API itself is imported by its first request.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from dataflow_provider.api.shim import LazyApp, RunServiceMiddleware
from dataflow_provider.listeners import failures, overlap, timeouts
from dataflow_provider.timetables.registered import LazyTimetables


def build_apps() -> list[Any]:
    """Return the application that Airflow mounts."""
    return [{"name": "DataFlow AI", "app": LazyApp(), "url_prefix": "/dataflow"}]


def build_middlewares() -> list[Any]:
    """Return what Airflow puts around its API server: the start of the thread that keeps run records."""
    return [{"name": "DataFlow AI", "middleware": RunServiceMiddleware, "args": [], "kwargs": {}}]


def build_views(base_url: str) -> list[Any]:
    """Return the entry in the navigation and the tabs on a Dag and on a run; Airflow's page fills in the braces."""
    app = urlsplit(base_url).path.rstrip("/") + "/dataflow/app"
    places = (
        ("nav", "dataflow", "/"),
        ("dag", "dataflow_pipeline", "/pipelines/{DAG_ID}"),
        ("dag_run", "dataflow_run", "/monitor/runs/{DAG_ID}~{RUN_ID}"),
    )
    return [
        {
            "name": "DataFlow",
            "href": app + page,
            "icon": f"{app}/mark.svg",
            "url_route": route,
            "destination": destination,
        }
        for destination, route, page in places
    ]


def build_listeners() -> list[Any]:
    """Return the modules whose functions Airflow calls when something happens."""
    return [overlap, failures, timeouts]


class DataflowPlugin(AirflowPlugin):
    """What Airflow is told of us."""

    name = "dataflow"
    fastapi_apps = build_apps()
    fastapi_root_middlewares = build_middlewares()
    timetables = LazyTimetables()
    listeners = build_listeners()
    external_views = build_views(conf.get("api", "base_url", fallback="") or "")
