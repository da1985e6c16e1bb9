"""The page of the command line names every command and each of its options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dataflow_provider.cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_cli_page_has_a_section_with_every_option(
    name: str, repo_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out)) - {"--help", "--json"}
    page = (repo_root / "docs" / "cli.md").read_text()
    section = re.search(rf"^## dataflow {name}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/cli.md lacks the section `## dataflow {name}`"
    assert "JSON" in section[1]
    assert sorted(option for option in options if not re.search(rf"{option}(?![\w-])", section[1])) == []
