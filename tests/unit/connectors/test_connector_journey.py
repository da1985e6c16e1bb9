"""docs/connectors.md followed to the letter, in a folder of its own: scaffold, register, test, run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DATA = "subscriber,seconds\nann,90\nben,30\nann,61\n"


@pytest.fixture
def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "connectors.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


class Shell:
    """Runs the page's commands in a folder; what pip would install stands on the path instead."""

    def __init__(self, folder: Path, repo_root: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")}
        path = [str(folder / "site"), str(folder / "acme-connector"), str(repo_root), str(repo_root / "plugins")]
        self.environment = {**inherited, "PYTHONPATH": os.pathsep.join(path), "AIRFLOW_CONN_ACME": ""}

    def run(self, command: str) -> str:
        program, *rest = command.split()
        module = {"dataflow": ["-m", "dataflow_provider.cli.main"], "pytest": ["-m", "pytest", "-q"]}[program]
        done = subprocess.run(
            [sys.executable, *module, *rest], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_page_leads_to_a_connector_that_runs(page: str, tmp_path: Path, repo_root: Path) -> None:
    shell = Shell(tmp_path, repo_root)
    commands = {line.split()[0] + " " + line.split()[1]: line for block in blocks(page, "bash")
                for line in block.splitlines() if not line.startswith("export ")}  # fmt: skip
    shell.run(commands["dataflow new"])
    written = tomllib.loads((tmp_path / "acme-connector" / "pyproject.toml").read_text())
    shown = tomllib.loads(blocks(page, "toml")[0])
    assert written["project"]["entry-points"] == shown["project"]["entry-points"]
    install(tmp_path / "site", shown["project"]["entry-points"])
    assert "source.acme" in shell.run(commands["dataflow connectors"])
    assert "passed" in shell.run(commands["pytest acme-connector"])
    calls = tmp_path / "data" / "calls"
    calls.mkdir(parents=True)
    (calls / "day.csv").write_text(DATA)
    exported = next(line for block in blocks(page, "bash") for line in block.splitlines() if line.startswith("export "))
    name, _, value = exported.removeprefix("export ").partition("=")
    shell.environment[name] = json.dumps({**json.loads(value.strip("'")), "host": str(tmp_path / "data")})
    pipeline = tmp_path / commands["dataflow run"].split()[-1]
    pipeline.parent.mkdir(parents=True)
    pipeline.write_text(blocks(page, "yaml")[0])
    shell.run(commands["dataflow run"])
    result = next((tmp_path / "data" / "long_calls").glob("*.csv"))
    assert result.read_text().replace('"', "").splitlines() == ["subscriber,calls,seconds", "ann,2,151"]


def install(site: Path, groups: dict[str, dict[str, str]]) -> None:
    info = site / "acme_connector-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-connector\nVersion: 0.1.0\n")
    lines = [
        text for group, points in groups.items()
        for text in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
