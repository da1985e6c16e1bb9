from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dataflow_provider.cli.main import main

LOOSE = "kind: Pipeline\napiVersion: dataflow/v1\nid: loose\nnodes:\n    a: {type: source.duckdb, table: t}\n"


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    path = tmp_path / "loose.yaml"
    path.write_text(LOOSE)
    path.chmod(0o640)
    return path


def test_fmt_rewrites_the_file_and_keeps_its_mode(loose: Path) -> None:
    assert main(["fmt", str(loose)]) == 0
    assert loose.read_text().startswith("apiVersion: dataflow/v1\nkind: Pipeline\nid: loose\n")
    assert loose.stat().st_mode & 0o777 == 0o640
    assert os.listdir(loose.parent) == ["loose.yaml"]


def test_fmt_check_writes_nothing_and_fails(loose: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", "--json", str(loose)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["changed"], answer["unchanged"]) == (False, [str(loose)], [])
    assert loose.read_text() == LOOSE


def test_fmt_of_a_formatted_file_does_not_touch_it(loose: Path) -> None:
    main(["fmt", str(loose)])
    changed_at = loose.stat().st_mtime_ns
    assert main(["fmt", "--check", str(loose)]) == 0
    assert main(["fmt", str(loose)]) == 0
    assert loose.stat().st_mtime_ns == changed_at


def test_fmt_of_a_file_that_does_not_load_leaves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: [unclosed\n")
    assert main(["fmt", "--json", str(broken)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["findings"][0]["file"] == str(broken)
    assert broken.read_text() == "id: [unclosed\n"


def test_fmt_of_a_missing_path_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "nowhere.yaml"]) == 1
    assert "DF-CLI-001" in capsys.readouterr().err
