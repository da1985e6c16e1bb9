"""The application that the plugin mounts under `/dataflow`: the API under `/api/v1`, the web app under `/app`."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from dataflow_provider import __version__
from dataflow_provider.api.guard import RequestGuard
from dataflow_provider.api.openapi import describe_api
from dataflow_provider.api.paths import API, APP, MOUNT, base_path
from dataflow_provider.api.problems import install_problem_handlers
from dataflow_provider.api.routes import backfills, connections, diagnoses, live, looks, me, pipelines, records, runs
from dataflow_provider.api.web_app import create_web_app


def create_app() -> Starlette:
    """Return the whole application."""
    return Starlette(
        routes=[
            Route("/", _to_app),
            Route(APP, _to_app),
            Mount(API, create_api()),
            Mount(APP, create_web_app()),
        ],
        middleware=[Middleware(RequestGuard)],
    )


def create_api() -> FastAPI:
    """Return the REST API and its sockets; paths are relative to `/dataflow/api/v1`."""
    api = FastAPI(
        title="DataFlow AI",
        version=__version__,
        description="Pipelines, runs and their live state. Sign in as for Airflow's API: bearer token or cookie.",
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
    )
    for routes in (me, pipelines, runs, records, diagnoses, backfills, connections, looks, live):
        api.include_router(routes.router)
    install_problem_handlers(api)
    describe_api(api)
    return api


def _operation_id(route: APIRoute) -> str:
    return route.name


def _to_app(_request: object) -> RedirectResponse:
    return RedirectResponse(f"{base_path()}{MOUNT}{APP}/")
