"""Stand-ins that import what they stand for when a server needs it: the plugin is loaded in every Airflow process."""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module
from typing import Any

ROOT_APP = "dataflow.root_app"
"""Key in the ASGI scope of the application we are mounted in: Airflow's, through which its public API is asked."""


class LazyApp:
    """ASGI application that becomes `create_app()` when first called."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope[ROOT_APP] = scope.get("app")
        # The import takes seconds; in a thread, so that the server's other requests go on meanwhile.
        app = self._app or await asyncio.to_thread(self._load)
        await app(scope, receive, send)

    def _load(self) -> Any:
        if self._app is None:
            with self._lock:
                if self._app is None:
                    self._app = import_module("dataflow_provider.api.app").create_app()
        return self._app


class RunServiceMiddleware:
    """ASGI middleware around Airflow's API server that starts our thread with the server, and ends it with it.

    Airflow tells apps of plugins nothing of a server's start; of its own start its middlewares hear.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._service: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_watched(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                await asyncio.to_thread(self._start)
            elif message["type"].startswith("lifespan.shutdown") and self._service is not None:
                await asyncio.to_thread(self._service.stop)
            await send(message)

        await self._app(scope, receive, send_watched)

    def _start(self) -> None:
        self._service = import_module("dataflow_provider.api.run_service").RunService()
        self._service.start()
