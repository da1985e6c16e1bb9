"""What Airflow learns of this provider: asked for by the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

from dataflow_provider import __version__

INTEGRATION = "DataFlow AI"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the shape of Airflow's `provider_info.schema.json`; lists what exists only."""
    return {
        "package-name": "dataflow-ai",
        "name": "DataFlow AI",
        "description": "ETL pipelines as canonical YAML, compiled to push-down SQL.",
        "versions": [__version__],
        "integrations": [{"integration-name": INTEGRATION, "tags": ["software"]}],
        "operators": [_modules("operators.pipeline_stage", "operators.pushdown_sql")],
        "hooks": [_modules("hooks.duckdb")],
        "triggers": [_modules("triggers.sql_job")],
        "bundles": [_modules("dag_factory.bundles", "dag_factory.git_bundle")],
        "connection-types": [_duckdb_connection()],
        "cli": ["dataflow_provider.cli.airflow_hook.get_cli_commands"],
        "config": {"dataflow": {"description": "Options of DataFlow AI.", "options": _options()}},
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"dataflow_provider.{name}" for name in names]}


def _duckdb_connection() -> dict[str, Any]:
    return {
        "connection-type": "duckdb",
        "hook-class-name": "dataflow_provider.hooks.duckdb.DuckDBHook",
        "hook-name": "DuckDB",
        "ui-field-behaviour": {
            "hidden-fields": ["port", "schema", "login", "password", "extra"],
            "relabeling": {"host": "Database file"},
            "placeholders": {"host": "/data/warehouse.duckdb (made when it is missing)"},
        },
    }


def _options() -> dict[str, Any]:
    return {
        "pipelines_folder": _option(
            "Folder of the pipeline files, as an absolute path; `yaml_pipelines` in the Airflow home when empty.",
            "/opt/project/yaml_pipelines",
        ),
        "file_roots": _option(
            "Folders that local files of pipelines must lie under, absolute and separated by colons; "
            "the project (the folder above the pipelines folder) when empty.",
            "/data/landing:/data/export",
        ),
        "warehouse": _option(
            "File of the embedded DuckDB (connection `dataflow_warehouse`), as an absolute path.",
            "/data/warehouse.duckdb",
        ),
        "warehouse_lock_timeout": _option(
            "Seconds that a task waits in line for a DuckDB file which another process writes to; 600 when empty.",
            "1800",
        ),
    }


def _option(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "version_added": "0.1.0", "type": "string", "example": example, "default": ""}
