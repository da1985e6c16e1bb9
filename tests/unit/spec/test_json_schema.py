from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.json_schema import flag_keys, pipeline_schema
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.node_types import NODE_TYPES
from tests.unit.spec.marked import FILE, pipeline_text
from tests.unit.spec.test_bad_input import TEXTS, Bad
from tests.unit.spec.test_rules import GOOD

SHAPE_CODES = ("DF-SPEC-001", "DF-SPEC-002", "DF-SPEC-004", "DF-SPEC-005", "DF-SPEC-007")


def mistakes(text: str) -> list[str]:
    data = json.loads(json.dumps(read_document(text).data, default=str))
    return [error.message for error in Draft202012Validator(pipeline_schema()).iter_errors(data)]


def test_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(pipeline_schema())


def test_schema_in_docs_is_current(repo_root: Path) -> None:
    committed = json.loads((repo_root / "docs" / "pipeline.v1.json").read_text())
    assert committed == pipeline_schema(), "run `dataflow schema > docs/pipeline.v1.json`"


def test_schema_accepts_every_pipeline_of_the_project(repo_root: Path) -> None:
    files = sorted((repo_root / "yaml_pipelines").glob("[!_]*/*.yaml"))
    assert files
    assert {file.name: mistakes(file.read_text()) for file in files} == {file.name: [] for file in files}


@pytest.mark.parametrize("nodes", GOOD)
def test_schema_accepts_what_the_loader_accepts(nodes: str) -> None:
    assert mistakes(pipeline_text(nodes.replace("⟪", ""))) == []


@pytest.mark.parametrize("bad", [bad for bad in TEXTS if bad.code in SHAPE_CODES], ids=lambda bad: bad.name)
def test_schema_refuses_what_the_loader_refuses(bad: Bad) -> None:
    assert mistakes(bad.text.replace("⟪", ""))


def test_schema_blames_the_branch_of_the_nodes_type_alone() -> None:
    text = pipeline_text("  f: {type: transform.filter, from: src, wher: a}\n")
    assert len(mistakes(text)) == 2  # the unknown key and the missing one


def test_schema_describes_every_field() -> None:
    schema = pipeline_schema()
    silent = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, field in definition.get("properties", {}).items()
        if not described(field) and key != "type"
    ]
    assert silent == []


def described(field: dict[str, Any]) -> bool:
    return "description" in field


def test_schema_knows_every_node_type() -> None:
    assert pipeline_schema()["$defs"]["Node"]["properties"]["type"]["enum"] == list(NODE_TYPES)


def test_flag_keys_hold_booleans_alone() -> None:
    assert {"enabled", "checkpoint", "catchup", "retry_backoff", "in_transaction"} <= flag_keys()
    assert not {"default", "values", "session", "min"} & flag_keys()


def test_loader_and_schema_agree_on_a_nested_mistake() -> None:
    text = pipeline_text("  t: {type: target.duckdb, from: src, table: t, write: {mode: upsert, kees: [a]}}\n")
    assert mistakes(text)
    assert [finding.code for finding in parse_pipeline(text, FILE).findings] == ["DF-SPEC-001"]
