"""What Airflow learns of this provider: asked for by the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

from dataflow_provider import __version__


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the shape of Airflow's `provider_info.schema.json`."""
    return {
        "package-name": "dataflow-ai",
        "name": "DataFlow AI",
        "description": "ETL pipelines as canonical YAML, compiled to push-down SQL.",
        "versions": [__version__],
    }
