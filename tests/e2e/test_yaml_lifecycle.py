"""YAML files are added, edited, broken, repaired, renamed and deleted under a running Dag processor."""

from __future__ import annotations

import pytest

from tests.e2e.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {pipeline_id}
name: {name}
owner: e2e
nodes:
  numbers:
    type: source.duckdb
    query: SELECT CAST(1 AS INTEGER) AS n, 'a{{{{ ds }}}}' AS label
  kept: {{type: transform.filter, from: numbers, where: n > 0}}
  out:
    type: target.duckdb
    from: kept
    table: e2e.{pipeline_id}
    write: {{mode: overwrite}}
    create: {{if_missing: true}}
"""


def test_a_new_file_becomes_a_pipeline_that_runs(product: Product) -> None:
    product.write("lifecycle_new", PIPELINE.format(pipeline_id="lifecycle_new", name="Made under way"))
    product.wait_for_pipeline("lifecycle_new", lambda item: item["state"] != "invalid")
    run = product.run("lifecycle_new")
    assert run["run"]["state"] == "success", run["stages"]
    assert product.query("SELECT n, label FROM e2e.lifecycle_new") == [(1, "a{{ ds }}")]


def test_an_edit_is_seen(product: Product) -> None:
    product.write("lifecycle_edit", PIPELINE.format(pipeline_id="lifecycle_edit", name="Before"))
    product.wait_for_pipeline("lifecycle_edit", lambda item: item["name"] == "Before")
    product.write("lifecycle_edit", PIPELINE.format(pipeline_id="lifecycle_edit", name="After"))
    product.wait_for_pipeline("lifecycle_edit", lambda item: item["name"] == "After")


def test_a_broken_file_shows_all_findings_and_touches_no_other(product: Product) -> None:
    good = PIPELINE.format(pipeline_id="lifecycle_break", name="Whole")
    product.write("lifecycle_break", good)
    product.wait_for_pipeline("lifecycle_break", lambda item: item["state"] != "invalid")
    product.write("lifecycle_break", good.replace("owner: e2e", "ownr: e2e").replace("from: numbers", "from: numbrs"))
    broken = product.wait_for_pipeline("lifecycle_break", lambda item: item["state"] == "invalid")
    assert broken["findings_count"] == 3
    findings = product.client("engineer").get("/pipelines/lifecycle_break").json()["findings"]
    assert [(finding["line"], finding["node"]) for finding in findings] == [(5, None), (7, "numbers"), (10, "kept")]
    assert "owner" in findings[0]["hint"]
    assert "numbers" in findings[2]["hint"]
    others = product.client("engineer").get("/pipelines", params={"limit": 500}).json()["items"]
    assert [item["id"] for item in others if item["state"] == "invalid"] == ["lifecycle_break"]
    assert any("lifecycle_break" in error["filename"] for error in product.import_errors())
    product.write("lifecycle_break", good)
    product.wait_for_pipeline("lifecycle_break", lambda item: item["state"] != "invalid")
    assert not any("lifecycle_break" in error["filename"] for error in product.import_errors())


def test_a_renamed_file_is_a_new_pipeline_and_the_old_one_goes(product: Product) -> None:
    product.write("lifecycle_old", PIPELINE.format(pipeline_id="lifecycle_old", name="Old"))
    product.wait_for_pipeline("lifecycle_old")
    product.remove("lifecycle_old")
    product.write("lifecycle_renamed", PIPELINE.format(pipeline_id="lifecycle_renamed", name="Renamed"))
    product.wait_for_pipeline("lifecycle_renamed")
    product.wait_until_gone("lifecycle_old")
