"""Rows that a connector of another package reads and writes itself, from validation to the files on its side."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.scaffold import scaffold_connector
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.execution.stage import run_stage
from dataflow_provider.spec.json_schema import installed_schema
from dataflow_provider.spec.loader import load_pipeline
from tests.engines.packages import InstallPackage
from tests.unit.execution.conftest import Workplace, run_values

NODES = """
calls: {type: source.acme, connection: svc, object: calls, columns: [id, seconds], where: seconds >= 60 AND id <> 4}
good: {type: transform.filter, from: calls, where: id > 1}
table: {type: target.duckdb, from: good, table: t, write: {mode: overwrite}, create: {if_missing: true}}
out: {type: target.acme, connection: svc, from: good, object: long, write: {mode: append}}
"""
STAGE_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'df_%'"


@dataclass
class Service:
    """The folder that the connector takes for a service."""

    workplace: Workplace
    root: Path

    @property
    def connections(self) -> Any:
        return self.workplace.connections(svc=json.dumps({"conn_type": "acme", "host": str(self.root)}))

    def put(self, name: str, text: str) -> None:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        (folder / "rows.csv").write_text(text)

    def lines(self, name: str) -> list[str]:
        return sorted(line for path in (self.root / name).glob("*.csv") for line in path.read_text().splitlines()[1:])

    def run(self, nodes: str, run_id: str = "r1") -> None:
        plan = self.workplace.plan(nodes)
        for stage in plan.stages:
            run_stage(plan, stage.id, run_values(run_id), self.connections, self.workplace.project())


@pytest.fixture
def service(workplace: Workplace, install_package: InstallPackage) -> Service:
    files = {Path(path).name: text for path, text in scaffold_connector("acme").items() if "_connector/" in path}
    install_package("acme_connector", files, {"acme": "acme_connector.manifest:MANIFEST"})
    root = workplace.root / "service"
    root.mkdir()
    found = Service(workplace, root)
    found.put("calls", "id,who,seconds\n1,ann,90\n2,ben,30\n3,cid,75\n4,dan,99\n5,eve,61\n")
    return found


def test_rows_come_in_and_go_out_by_the_connector(service: Service) -> None:
    service.run(NODES)
    assert service.workplace.sql("SELECT * FROM t ORDER BY 1") == [(3, 75), (5, 61)]
    assert service.lines("long") == ["3,75", "5,61"]
    assert service.workplace.sql(STAGE_TABLES) == []


def test_second_try_of_a_run_adds_nothing_and_another_run_does(service: Service) -> None:
    service.run(NODES)
    service.run(NODES)
    assert len(service.lines("long")) == 2
    service.run(NODES, "r2")
    assert len(service.lines("long")) == 4


def test_command_line_runs_it_and_counts(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.workplace.plan(NODES)
    path = service.workplace.root / "yaml_pipelines" / "w" / "p.yaml"
    monkeypatch.setenv("AIRFLOW_CONN_SVC", json.dumps({"conn_type": "acme", "host": str(service.root)}))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(service.workplace.warehouse))
    assert main(["validate", str(path)]) == 0
    capsys.readouterr()
    assert main(["run", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    counts = {node["id"]: (node["rows_in"], node["rows_out"]) for node in answer["nodes"]}
    assert counts["calls"] == (None, 3)
    assert counts["out"] == (2, 2)


def test_plan_gives_the_read_a_stage_of_its_own_and_says_why(service: Service) -> None:
    stage = service.workplace.plan(NODES).stage("calls")
    assert stage.nodes == ("calls",)
    assert (stage.rule, stage.connection) == ("connector", "dataflow_warehouse")


def test_compile_shows_what_the_connector_is_asked_for(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.workplace.plan(NODES)
    path = service.workplace.root / "yaml_pipelines" / "w" / "p.yaml"
    assert main(["compile", str(path), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["stages"][0]["statements"][0]
    assert first == "-- connector acme reads\n-- object=calls\n-- columns=id, seconds"


def test_rows_are_kept_when_the_target_fails_and_read_once(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    plan = service.workplace.plan(NODES.replace("object: long", "object: calls/rows.csv"))
    project = service.workplace.project()
    with caplog.at_level(logging.INFO):
        for stage in ("calls", "good"):
            run_stage(plan, stage, run_values("r1"), service.connections, project)
        for _ in range(2):
            with pytest.raises(DataflowError):
                run_stage(plan, "out", run_values("r1"), service.connections, project)
    assert caplog.text.count("read node=calls") == 1


def test_connection_of_another_type_or_none_is_refused(service: Service) -> None:
    plan = service.workplace.plan(NODES)
    wrong = service.workplace.connections(svc='{"conn_type": "http", "host": "x"}')
    with pytest.raises(AuthorError, match=r"DF-RUN-051.*`source.acme` takes `acme`"):
        run_stage(plan, "calls", run_values("r1"), wrong, service.workplace.project())
    with pytest.raises(CompileError) as caught:
        service.workplace.plan(NODES.replace("connection: svc, object: calls", "object: calls"))
    assert "DF-PLAN-005" in str(caught.value.problems)


def test_missing_object_names_connection_and_node(service: Service) -> None:
    with pytest.raises(AuthorError, match=r"connection `svc` has no object `gone` \(node `calls`\)"):
        service.run(NODES.replace("object: calls,", "object: gone,"))


def test_partition_is_refused_where_the_manifest_has_none(service: Service) -> None:
    with pytest.raises(CompileError) as caught:
        service.workplace.plan(NODES.replace("columns: [id", "partition: {column: id, count: 2}, columns: [id"))
    assert "partitioned_read" in str(caught.value.problems)


def test_wrong_fields_are_findings_as_for_our_own_types(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "apiVersion: dataflow/v1\nkind: Pipeline\nid: p\nnodes:\n"
        "  a: {type: source.acme, connection: svc, objekt: calls}\n"
        "  t: {type: target.acme, connection: svc, from: a, object: o, write: {mode: upsert, keys: [id]}}\n"
        "  x: {type: source.acmee, connection: svc, object: calls}\n"
    )
    found = {(one.code, one.node): one for one in load_pipeline(path).findings}
    assert "Did you mean `object`?" in (found["DF-SPEC-001", "a"].hint or "")
    assert ("DF-SPEC-002", "a") in found
    assert "`source.acme`" in found["DF-SPEC-005", "x"].message
    assert ("DF-MODE-005", "t") in found


def test_editors_get_the_fields_of_installed_connectors(service: Service) -> None:
    schema = installed_schema()
    assert "source.acme" in schema["$defs"]["Node"]["properties"]["type"]["enum"]
    assert "object" in schema["$defs"]["AcmeSource"]["required"]
