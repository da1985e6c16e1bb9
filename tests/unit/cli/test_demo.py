"""`dataflow demo`: its arguments, its answers and its refusals; tests/integration/demo runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

import pytest

from dataflow_provider.cli.commands import demo
from dataflow_provider.cli.main import main
from dataflow_provider.demo.telecom import TelecomSize
from dataflow_provider.demo.tour import DemoOptions, ShownRun, Tour

ROOT = Path(__file__).resolve().parents[3]
TOUR = Tour("http://127.0.0.1:8080", (ShownRun("hello_world", "manual__x", "success", 3.0),), 42.0)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[DemoOptions]:
    """Collects what the tour would be given; the tour itself says one line."""
    collected: list[DemoOptions] = []

    def note(options: DemoOptions, out: TextIO) -> Tour:
        collected.append(options)
        out.write("on the way\n")
        return TOUR

    monkeypatch.setattr(demo, "run_demo", note)
    return collected


def test_demo_without_arguments_takes_the_clone_and_the_defaults(given: list[DemoOptions]) -> None:
    assert main(["demo"]) == 0
    assert given == [DemoOptions(project=ROOT, size=TelecomSize(cdrs=200_000))]


def test_demo_arguments_reach_the_tour(given: list[DemoOptions], tmp_path: Path) -> None:
    arguments = [
        "--once",
        "--port",
        "9090",
        "--home",
        str(tmp_path),
        "--size",
        "500",
        "--pipelines",
        "7",
        "--no-browser",
    ]
    assert main(["demo", *arguments]) == 0
    assert given == [
        DemoOptions(ROOT, tmp_path, 9090, TelecomSize(cdrs=500), extra_pipelines=7, once=True, browser=False)
    ]


def test_demo_json_stands_alone_on_stdout(given: list[DemoOptions], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--once", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == TOUR.to_json()
    assert captured.err == "on the way\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [("--port", "0"), ("--port", "70000"), ("--port", "x"), ("--size", "0"), ("--size", "-3"), ("--pipelines", "1.5")],
)
def test_demo_refuses_impossible_numbers_as_wrong_usage(
    option: str, value: str, given: list[DemoOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["demo", option, value])
    assert caught.value.code == 2
    assert f"`{value}` is no" in capsys.readouterr().err
    assert given == []


def test_demo_without_samples_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--project", str(tmp_path)]) == 1
    assert "DF-DEMO-005" in capsys.readouterr().err
