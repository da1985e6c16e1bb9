"""Preview and profile by the API: rows, masks, bounds, unsaved texts, and an end when nobody waits."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.api import looks
from dataflow_provider.api.datamodels import LookBody
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.errors import TerminalError
from dataflow_provider.preview.cache import MemoryCache
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.security import Role
from tests.unit.api.conftest import Api, AsRole, Project

TEXT = """\
apiVersion: dataflow/v1
kind: Pipeline
id: usage
params: {least: {type: integer, default: 60}}
nodes:
  calls: {type: source.duckdb, table: cdr.voice, sensitive: [msisdn]}
  kept: {type: transform.filter, from: calls, where: duration_s >= :least}
  slow: {type: transform.sql, from: kept, query: "SELECT SUM(a.n * b.n) AS s FROM kept a, kept b, range(100000) AS c"}
  mart: {type: target.duckdb, from: kept, table: mart.calls, write: {mode: overwrite}}
  sums: {type: target.duckdb, from: slow, table: mart.sums, write: {mode: overwrite}}
"""


@pytest.fixture
def usage(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(looks, "kept", MemoryCache())
    project.publish("usage", TEXT)
    with duckdb.connect(str(_warehouse(project))) as raw:
        raw.execute("CREATE SCHEMA cdr")
        raw.execute(
            "CREATE TABLE cdr.voice AS "
            "SELECT i AS n, '4860' || i AS msisdn, i % 100 AS duration_s FROM range(5000) t(i)"
        )
    return project


def _warehouse(project: Project) -> Path:
    path = project.pipelines.parent / ".dataflow" / "warehouse.duckdb"
    path.parent.mkdir(exist_ok=True)
    return path


def look(api: Api, what: str = "preview", node: str = "kept", **body: Any) -> Any:
    return api.send("POST", f"/pipelines/usage/nodes/{node}/{what}", body)


def test_preview_gives_rows_and_masks_sensitive_values(usage: Project, engineer: Api) -> None:
    answer = look(engineer, limit=3).json()
    assert [(one["name"], one["sensitive"]) for one in answer["columns"]] == [
        ("n", False), ("msisdn", True), ("duration_s", False)
    ]  # fmt: skip
    assert [(row[1], row[2] >= 60) for row in answer["rows"]] == [("•••", True)] * 3
    assert (answer["limit"], answer["cached"], answer["total_rows"]) == (3, False, None)
    assert look(engineer, limit=3).json()["cached"] is True
    assert look(engineer, limit=3, refresh=True).json()["cached"] is False


def test_preview_shows_sensitive_values_with_the_right_and_keeps_none(usage: Project, as_role: AsRole) -> None:
    shown = look(as_role(Role.ADMIN), limit=1).json()
    assert shown["rows"][0][1].startswith("4860")
    assert look(as_role(Role.ADMIN), limit=1).json()["cached"] is False
    assert look(as_role(Role.ANALYST), limit=1).json()["rows"][0][1] == "•••"


def test_preview_takes_parameters_and_ports(usage: Project, engineer: Api) -> None:
    assert {row[2] for row in look(engineer, params={"least": 99}).json()["rows"]} == {99}
    assert {row[2] < 60 for row in look(engineer, port="rejected").json()["rows"]} == {True}


def test_profile_tells_what_the_values_are_like(usage: Project, engineer: Api) -> None:
    answer = look(engineer, "profile", "calls").json()
    assert (answer["rows"], answer["sample"]) == (5000, False)
    told = {one["name"]: one for one in answer["columns"]}
    assert (told["n"]["min"], told["n"]["max"], told["n"]["distinct"]) == (0, 4999, 5000)
    assert (told["n"]["histogram"][0]["from"], told["msisdn"]["min"]) == (0, "•••")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"limit": 101}, 422, "DF-API-422"),
        ({"limit": 0}, 422, "DF-API-422"),
        ({"timeout_s": 61}, 422, "DF-API-422"),
        ({"port": "rest"}, 422, "DF-PREVIEW-002"),
        ({"params": {"most": 1}}, 422, "DF-RUN-004"),
        ({"interval_start": "2026-01-01T00:00:00Z"}, 422, "DF-API-015"),
        ({"yaml": "id: usage"}, 422, None),
        ({"yaml": TEXT.replace("id: usage", "id: other")}, 422, "DF-API-017"),
    ],
)
def test_look_is_refused_with_a_code(
    usage: Project, engineer: Api, body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = look(engineer, **body)
    assert answer.status_code == status
    assert code in (None, answer.json()["code"])


def test_preview_of_an_unsaved_text_needs_edit_and_keeps_what_is_sensitive(usage: Project, as_role: AsRole) -> None:
    text = TEXT.replace(", sensitive: [msisdn]", "").replace(">= :least", "= 7")
    answer = look(as_role(Role.ENGINEER), yaml=text).json()
    assert {tuple(row[1:]) for row in answer["rows"]} == {("•••", 7)}
    refused = look(as_role(Role.ANALYST), yaml=text)
    assert (refused.status_code, refused.json()["code"]) == (403, "DF-API-403")


def test_preview_tells_a_mistake_in_an_unsaved_text_with_its_line(usage: Project, engineer: Api) -> None:
    answer = look(engineer, yaml=TEXT.replace("duration_s >=", "duration >="))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("7:")


def test_preview_ends_with_its_time(usage: Project, engineer: Api) -> None:
    started = time.monotonic()
    answer = look(engineer, node="slow", timeout_s=0.5)
    assert (answer.status_code, answer.json()["code"]) == (504, "DF-PREVIEW-004")
    assert time.monotonic() - started < 10


class _Gone:
    """A request whose browser has left."""

    async def is_disconnected(self) -> bool:
        return True


def test_look_is_stopped_when_the_browser_leaves() -> None:
    stopped = threading.Event()

    def endless(_subject: Any, _asked: Any, sign: StopSign) -> dict[str, Any]:
        while not sign.is_over:
            time.sleep(0.01)
        stopped.set()
        raise TerminalError("DF-PREVIEW-005", "ended")

    with pytest.raises(ProblemError):
        asyncio.run(
            looks.look(_Gone(), "preview", None, None, LookBody(timeout_s=60), 1, endless, reveal=True)  # type: ignore[arg-type]  # the answer looks at none of them
        )
    assert stopped.wait(1)


def test_too_many_looks_at_once_are_refused(usage: Project, engineer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_seats", threading.BoundedSemaphore(1))
    looks._seats.acquire()
    answer = look(engineer)
    assert (answer.status_code, answer.json()["code"]) == (429, "DF-API-429")


def test_preview_of_a_connection_of_another_workspace_is_refused(
    usage: Project, engineer: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CRM", '{"conn_type": "duckdb", "host": "/nowhere/crm.duckdb"}')
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", '{"billing": ["crm"]}')
    text = TEXT.replace("type: source.duckdb", "type: source.duckdb, connection: crm")
    answer = look(engineer, node="calls", yaml=text)
    assert (answer.status_code, answer.json()["code"]) == (422, "DF-CONN-022")
    assert look(engineer, node="calls").status_code == 200
