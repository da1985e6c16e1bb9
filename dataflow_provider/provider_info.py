"""What Airflow learns of this provider: asked for by the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

from dataflow_provider import __version__
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.spec.manifest import ConnectionField

INTEGRATION = "DataFlow AI"
STANDARD_FIELDS = ("host", "port", "schema", "login", "password", "extra")
HOOKS = {"duckdb": "duckdb.DuckDBHook", "sybase": "databases.SybaseHook", "saphana": "databases.SapHanaHook"}
"""Connectors whose connection type no official provider of Airflow brings, and the class behind their form."""


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the shape of Airflow's `provider_info.schema.json`; lists what exists only."""
    return {
        "package-name": "dataflow-ai",
        "name": "DataFlow AI",
        "description": "ETL pipelines as canonical YAML, compiled to push-down SQL.",
        "versions": [__version__],
        "integrations": [{"integration-name": INTEGRATION, "tags": ["software"]}],
        "operators": [
            _modules(
                "operators.ai_diagnosis", "operators.data_quality", "operators.pipeline_stage", "operators.pushdown_sql"
            )
        ],
        "hooks": [_modules("hooks.duckdb", "hooks.databases")],
        "triggers": [_modules("triggers.sql_job")],
        "bundles": [_modules("dag_factory.bundles", "dag_factory.git_bundle")],
        "connection-types": [_connection_form(name, hook) for name, hook in HOOKS.items()],
        "db-managers": ["dataflow_provider.db.schema.DataflowTables"],
        "cli": ["dataflow_provider.cli.airflow_hook.get_cli_commands"],
        "config": {"dataflow": {"description": "Options of DataFlow AI.", "options": _options()}},
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"dataflow_provider.{name}" for name in names]}


def _connection_form(name: str, hook: str) -> dict[str, Any]:
    """Return the form of a connection type that Airflow has no hook of its own for, by its connector's manifest."""
    manifest = BUILT_IN[name]
    shown = {field.name: field for field in manifest.fields}
    standard = {name: field for name, field in shown.items() if name in STANDARD_FIELDS}
    extra = [field for field in manifest.fields if field.name not in STANDARD_FIELDS]
    hidden = [name for name in STANDARD_FIELDS if name not in shown and (name != "extra" or not extra)]
    form: dict[str, Any] = {
        "connection-type": str(manifest.connection_types[0]),
        "hook-class-name": f"dataflow_provider.hooks.{hook}",
        "hook-name": manifest.label,
        "ui-field-behaviour": {
            "hidden-fields": hidden,
            "relabeling": {name: field.label for name, field in standard.items() if field.label.lower() != name},
            "placeholders": {field.name: field.placeholder for field in manifest.fields if field.placeholder},
        },
    }
    if extra:
        form["conn-fields"] = {field.name: _form_field(field) for field in extra}
    return form


def _form_field(field: ConnectionField) -> dict[str, Any]:
    kind = {"text": "string", "integer": "integer", "boolean": "boolean"}[field.kind]
    schema: dict[str, Any] = {"type": kind if field.required else [kind, "null"]}
    if field.secret:
        schema["format"] = "password"
    return {"label": field.label, "schema": schema, **({"description": field.description} if field.description else {})}


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
            "Seconds that a task waits for a DuckDB file or a target that another one writes to; 600 when empty.",
            "1800",
        ),
        "environment": _option(
            "Name of this environment: it stands in names of stage tables and in the run-id column, so that several "
            "environments can share a database.",
            "prod",
        ),
        "workspace_connections": _option(
            "Connections that the pipelines of a workspace may use, as a JSON object of workspace to patterns of ids; "
            "`*` stands for every workspace. When empty every pipeline may use every connection.",
            '{"billing": ["dwh", "billing_*"], "*": ["shared_*"]}',
        ),
        "run_retention_days": _option(
            "Days that records of runs are kept in the metadata database; 400 when empty, 0 for ever.", "90"
        ),
        "stage_retention_days": _option(
            "Days that stage tables and checkpoints are kept that nobody came back for, at least 1; 7 when empty.", "14"
        ),
        "maintenance_schedule": _option(
            "Cron, in UTC, of the maintenance Dag, which drops old stage tables; 03:30 when empty, `never` lets it run "
            "by hand only.",
            "30 3 * * *",
        ),
        "diagnosis_model": _option(
            "Connection of the model that is asked for a second opinion: by itself about failures whose cause the "
            "signatures leave open, about any other when somebody asks. When empty no model is asked.",
            "llm",
        ),
    }


def _option(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "version_added": "0.1.0", "type": "string", "example": example, "default": ""}
