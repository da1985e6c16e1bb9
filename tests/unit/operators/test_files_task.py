"""Files of a server in tasks of a generated Dag: read by one task, stored and sent back by others, the next try too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.dag_factory.loading import load_folder
from tests.engines.sftp import SftpServer
from tests.unit.operators.conftest import MakeContext, Query

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: landed
nodes:
  src: {type: source.sftp, connection: landing, path: "in/*.csv", format: csv, schema: {id: BIGINT, kind: VARCHAR}}
  mart: {type: target.duckdb, from: src, table: landed, write: {mode: overwrite}, create: {if_missing: true}}
  back: {type: target.sftp, connection: landing, from: src, path: out, format: csv}
"""


def test_files_of_a_server_pass_through_the_tasks_of_a_dag(
    project: Path, query: Query, make_context: MakeContext, sftp_server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = sftp_server.spec
    told = {"conn_type": "sftp", "host": spec.host, "port": spec.port, "login": spec.login, "extra": dict(spec.extra)}
    monkeypatch.setenv("AIRFLOW_CONN_LANDING", json.dumps(told))
    (sftp_server.files / "in").mkdir()
    (sftp_server.files / "in/1.csv").write_text("id,kind\n1,call\n2,sms\n")
    (project / "yaml_pipelines" / "telecom" / "landed.yaml").write_text(PIPELINE)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag = namespace["pipeline_landed"]
    for task_id in ("src", "mart", "back", "back"):
        dag.get_task(task_id).execute(make_context(run_id="r1"))
    assert query("SELECT id, kind FROM landed ORDER BY 1") == [(1, "call"), (2, "sms")]
    (part,) = (sftp_server.files / "out").iterdir()
    assert part.read_text().splitlines() == ["id,kind", "1,call", "2,sms"]
