from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow_provider.cli import main as door
from dataflow_provider.cli.main import COMMANDS, CommandParser, add_to, main, run_parsed
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Severity


def namespace(error: BaseException, *, as_json: bool = False) -> argparse.Namespace:
    def run(args: argparse.Namespace) -> int:
        raise error

    return argparse.Namespace(run_command=run, json=as_json)


def test_main_without_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_main_unknown_command_names_the_likely_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validat", "x.yaml"])
    assert ended.value.code == 2
    assert "`validat`. Did you mean `validate`?" in capsys.readouterr().err


def test_main_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate", "--nope", "x.yaml"])
    assert ended.value.code == 2
    assert "--nope" in capsys.readouterr().err


def test_main_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"^ +{name}\b", shown, re.MULTILINE)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_add_to_another_parser_offers_the_same_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="airflow dataflow")
    add_to(parser.add_subparsers(dest="command", parser_class=CommandParser))
    code = run_parsed(parser.parse_args(["validate", "--json", str(tmp_path / "gone.yaml")]))
    assert code == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_error_at_the_door_is_printed_with_code_place_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = AuthorError("DF-X-001", "`a` is wrong", place=Place("f.yaml", 3, 5, "calls"), hint="Write `b`.")
    assert run_parsed(namespace(error)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error DF-X-001 f.yaml:3:5, node `calls`: `a` is wrong\n  hint: Write `b`.\n"


def test_error_at_the_door_as_json_stands_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    error = AuthorError("DF-X-001", "wrong", place=Place("f.yaml", 3, 5, "calls"), hint="h")
    assert run_parsed(namespace(error, as_json=True)) == 1
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "error": {
            "code": "DF-X-001",
            "message": "wrong",
            "hint": "h",
            "file": "f.yaml",
            "line": 3,
            "column": 5,
            "node": "calls",
        },
    }


def test_invalid_pipeline_as_json_carries_its_findings(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("DF-X-001", Severity.ERROR, "f.yaml", 1, 2, None, "wrong")
    assert run_parsed(namespace(InvalidPipelineError([finding]), as_json=True)) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == [finding.to_json()]


def test_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_parsed(namespace(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_other_errors_are_ours_to_see() -> None:
    with pytest.raises(ZeroDivisionError):
        run_parsed(namespace(ZeroDivisionError()))


def test_commands_are_imported_when_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "COMMANDS", {"broken": ("does nothing", "dataflow_provider.cli.commands.not_there")})
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    with pytest.raises(ModuleNotFoundError):
        main(["broken"])


def test_reader_that_leaves_early_makes_no_noise(repo_root: Path) -> None:
    command = f"{sys.executable} -m dataflow_provider.cli.main schema | head -1"
    ran = subprocess.run(["sh", "-c", command], cwd=repo_root, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("{\n", "")
