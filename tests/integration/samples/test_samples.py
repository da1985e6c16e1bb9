"""Every sample pipeline, run by the real engine on generated data, writes what SQL of its own says; again and again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dataflow_provider.cli.main import main
from dataflow_provider.demo.environment import DemoFolders
from dataflow_provider.demo.landing import land_files, load_reference
from dataflow_provider.demo.telecom import TelecomSize
from dataflow_provider.spec.loader import load_pipeline
from tests.integration.samples.cases import CASES, VOICE_DAILY, Case, Check
from tests.integration.samples.raw_data import open_raw_data

ROOT = Path(__file__).resolve().parents[3]
SIZE = TelecomSize(cdrs=20_000, days=3)
SAMPLES = sorted((ROOT / "yaml_pipelines").glob("*/*.yaml"))


@dataclass
class Project:
    """A copy of the samples with its data, its warehouse and the raw records."""

    root: Path
    warehouse: Path
    raw: duckdb.DuckDBPyConnection
    done: set[str] = field(default_factory=set)

    def path_of(self, pipeline: str) -> str:
        (found,) = self.root.glob(f"yaml_pipelines/*/{pipeline}.yaml")
        return str(found)

    def compare(self, check: Check) -> list[tuple[Any, ...]]:
        """Up to five rows that only one side has, `+` written and `-` expected; empty when both are the same."""
        written = check.written.replace("{project}", str(self.root))
        self.raw.execute(f"ATTACH '{self.warehouse}' AS wh (READ_ONLY)")
        try:
            self.raw.execute(f"CREATE OR REPLACE TEMP TABLE written AS {written}")
            self.raw.execute(f"CREATE OR REPLACE TEMP TABLE expected AS {check.expected}")
            return self.raw.execute(
                "(SELECT '+', * FROM (FROM written EXCEPT ALL FROM expected) LIMIT 5)"
                " UNION ALL (SELECT '-', * FROM (FROM expected EXCEPT ALL FROM written) LIMIT 5)"
            ).fetchall()
        finally:
            self.raw.execute("DETACH wh")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("samples")
    folders = DemoFolders(Path(shutil.copytree(ROOT / "yaml_pipelines", root / "yaml_pipelines")))
    land_files(folders.data, SIZE)
    load_reference(folders.data, folders.warehouse, SIZE)
    with open_raw_data(folders.data) as raw:
        yield Project(root, Path(str(folders.warehouse.host)), raw)


def run_pipeline(
    project: Project, capsys: pytest.CaptureFixture[str], pipeline: str, run_id: str, *arguments: str
) -> dict[str, Any]:
    capsys.readouterr()
    code = main(["run", project.path_of(pipeline), "--run-id", run_id, "--json", *arguments])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (code, answer["state"]) == (0, "success"), answer
    project.done.add(pipeline)
    return answer


def find_differences(project: Project, case: Case) -> dict[str, list[tuple[Any, ...]]]:
    found = {check.written: project.compare(check) for check in case.checks}
    return {written: rows for written, rows in found.items() if rows}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.pipeline)
def test_sample_writes_what_independent_sql_says_and_never_twice(
    case: Case, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for needed in case.needs:
        if needed not in project.done:
            run_pipeline(project, capsys, needed, "manual__needed")
    for run_id in ("manual__first", "manual__first", "manual__second"):
        run_pipeline(project, capsys, case.pipeline, run_id)
        assert find_differences(project, case) == {}, f"after run {run_id}"


def test_checks_notice_a_missing_and_a_doubled_row(project: Project) -> None:
    two, one = "SELECT unnest([1, 1])", "SELECT 1"
    assert project.compare(Check(two, one)) == [("+", 1)]
    assert project.compare(Check(one, two)) == [("-", 1)]


def test_every_expected_set_has_rows(project: Project) -> None:
    empty = [
        check.written
        for case in CASES
        for check in case.checks
        if not project.raw.execute(f"SELECT 1 FROM ({check.expected}) LIMIT 1").fetchall()
    ]
    assert empty == []


def test_voice_usage_with_a_parameter_counts_longer_calls_only(
    project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = replace(project, warehouse=tmp_path / "warehouse.duckdb", done=set())
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(apart.warehouse))
    run_pipeline(apart, capsys, "voice_daily_usage", "manual__long", "--param", "min_seconds=300")
    written = "SELECT msisdn, usage_day, calls, outgoing_calls, seconds, longest_s FROM wh.mart.voice_daily"
    assert apart.compare(Check(written, VOICE_DAILY.replace("duration_s > 0", "duration_s >= 300"))) == []


def test_every_sample_has_a_case() -> None:
    assert {case.pipeline for case in CASES} == {path.stem for path in SAMPLES}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_has_no_finding_and_is_already_formatted(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_pipeline(path).findings == ()
    assert main(["fmt", "--check", str(path)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_says_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith("# "), "it begins with what it shows"
    document = yaml.safe_load(path.read_text("utf-8"))
    assert {"name", "description", "owner", "tags"} <= set(document)


def test_samples_show_schedules_parameters_ports_and_files() -> None:
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in SAMPLES]
    schedules = [document.get("schedule", {}) for document in documents]
    assert any("after" in schedule for schedule in schedules)
    assert any({"cron", "timezone"} <= set(schedule) for schedule in schedules)
    nodes = [node for document in documents for node in document["nodes"].values()]
    types = {node["type"] for node in nodes}
    assert {"source.file", "source.duckdb", "target.file", "target.duckdb", "transform.router"} <= types
    inputs = [str(node.get("from", "")) for node in nodes]
    assert any(".rejected" in text for text in inputs)
    assert any("params" in document for document in documents)
