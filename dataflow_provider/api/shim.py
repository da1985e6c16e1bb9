"""A stand-in for the API that imports it at the first request: the plugin is loaded in every Airflow process."""

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
