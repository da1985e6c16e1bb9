from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings


def test_load_without_anything_set_gives_defaults(tmp_path: Path) -> None:
    settings = Settings.load({"AIRFLOW_HOME": str(tmp_path)})
    assert settings == Settings(tmp_path / "yaml_pipelines", (), None)


def test_load_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text(
        "[core]\nx = %(y)s %\n[dataflow]\nwarehouse = /file/w\npipelines_folder = /file/p\n"
    )
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__DATAFLOW__WAREHOUSE": "/env/w"}
    settings = Settings.load(environ)
    assert (settings.warehouse, settings.pipelines_folder) == (Path("/env/w"), Path("/file/p"))


def test_load_sees_an_edit_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "my.cfg"
    for name in ("/first", "/second, which is longer"):
        config.write_text(f"[dataflow]\nwarehouse = {name}\n")
        assert Settings.load({"AIRFLOW_CONFIG": str(config)}).warehouse == Path(name)


def test_load_file_roots_are_parted_by_colons() -> None:
    settings = Settings.load({"AIRFLOW__DATAFLOW__FILE_ROOTS": "/a: /b ::"})
    assert settings.file_roots == (Path("/a"), Path("/b"))


@pytest.mark.parametrize("key", ["WAREHOUSE", "FILE_ROOTS", "PIPELINES_FOLDER"])
def test_load_relative_path_is_refused(key: str) -> None:
    with pytest.raises(AuthorError, match=r"DF-SETTINGS-001.*`data`") as refused:
        Settings.load({f"AIRFLOW__DATAFLOW__{key}": "data"})
    assert f"AIRFLOW__DATAFLOW__{key}" in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["Prod", "1st", "a/b", "a" * 64])
def test_load_environment_that_is_no_name_is_refused(name: str) -> None:
    assert Settings.load({"AIRFLOW__DATAFLOW__ENVIRONMENT": " prod_2 "}).environment == "prod_2"
    with pytest.raises(AuthorError, match="DF-SETTINGS-005"):
        Settings.load({"AIRFLOW__DATAFLOW__ENVIRONMENT": name})


def test_load_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text("warehouse = x\n")
    with pytest.raises(AuthorError, match="DF-SETTINGS-002"):
        Settings.load({"AIRFLOW_HOME": str(tmp_path)})


def test_core_starts_without_airflow_sqlglot_and_web_server() -> None:
    code = (
        "import sys; import dataflow_provider.settings, dataflow_provider.spec.loader, dataflow_provider.cli.main;"
        "heavy = {'airflow', 'sqlglot', 'fastapi', 'duckdb', 'pyarrow', 'croniter', 'ruamel'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
