from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager

from dataflow_provider.provider_info import get_provider_info
from dataflow_provider.settings import Settings


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    return get_provider_info()


def test_provider_info_fits_airflows_schema(info: dict[str, Any]) -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(info, schema)


def list_dotted_names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from list_dotted_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from list_dotted_names(item)
    elif isinstance(value, str) and value.startswith("dataflow_provider."):
        yield value


def test_provider_info_names_only_what_exists(info: dict[str, Any]) -> None:
    for name in list_dotted_names(info):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name


def test_provider_info_options_are_those_the_settings_read(info: dict[str, Any]) -> None:
    assert set(info["config"]["dataflow"]["options"]) == {
        name.removesuffix("_s") for name in Settings.__dataclass_fields__
    }


def test_airflow_knows_the_provider_and_its_connection_form() -> None:
    manager = ProvidersManager()
    assert "dataflow-ai" in manager.providers
    hook = manager.hooks["duckdb"]
    assert hook is not None
    assert hook.hook_class_name == "dataflow_provider.hooks.duckdb.DuckDBHook"
    assert manager.field_behaviours["duckdb"]["relabeling"] == {"host": "Database file"}
    for name, hook_class in (("sybase", "SybaseHook"), ("saphana", "SapHanaHook")):
        found = manager.hooks[name]
        assert found is not None
        assert found.hook_class_name == f"dataflow_provider.hooks.databases.{hook_class}"
    widgets = manager.connection_form_widgets
    assert {"extra__sybase__driver", "extra__saphana__encrypt"} <= set(widgets)
