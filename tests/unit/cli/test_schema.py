from __future__ import annotations

import json

import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.spec.json_schema import pipeline_schema


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_schema_prints_the_schema(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", *options]) == 0
    assert json.loads(capsys.readouterr().out) == pipeline_schema()
