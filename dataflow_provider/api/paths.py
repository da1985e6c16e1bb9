"""Where the product lies on the server: everything is below the path of Airflow's `api.base_url`."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf

MOUNT = "/dataflow"
API = "/api/v1"
APP = "/app"


def base_path() -> str:
    """Return the path of `api.base_url` without a trailing slash; empty at the server's root."""
    return urlsplit(_base_url()).path.rstrip("/")


def base_origin() -> str | None:
    """Return scheme and host of `api.base_url` as a browser writes them in `Origin`; None when not set."""
    parts = urlsplit(_base_url())
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else None


def _base_url() -> str:
    return str(conf.get("api", "base_url", fallback="") or "")
