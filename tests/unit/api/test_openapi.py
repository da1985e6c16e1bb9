"""The API's description, which the web app's types are generated from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.api.openapi import dump_openapi


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(dump_openapi())
    return described


def test_description_the_web_app_is_built_from_is_the_present_one(repo_root: Path) -> None:
    committed = (repo_root / "plugins" / "www" / "openapi.json").read_text(encoding="utf-8")
    assert committed == dump_openapi(), "run: python -m dataflow_provider.api.openapi plugins/www/openapi.json"


def test_every_operation_has_a_plain_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_every_refusal_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            refusals = {status: one for status, one in operation["responses"].items() if status[0] in "45"}
            assert {"401", "403"} <= refusals.keys()
            for one in refusals.values():
                schema = one["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}


def test_socket_messages_are_described(document: dict[str, Any]) -> None:
    assert {"RunEvent", "PipelinesEvent", "PipelineStatus"} <= document["components"]["schemas"].keys()


def test_every_reference_is_defined(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= document["components"]["schemas"].keys()
