"""Every pipeline file of the repository, and one with every node type, becomes a script and comes back to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.compiler.script.read import is_script, split_script
from dataflow_provider.compiler.script.takeover import take_over, to_script
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import Loaded, load_pipeline
from dataflow_provider.spec.node_types import NODE_TYPES

ROOT = Path(__file__).parents[4]
FILES = sorted(
    path
    for folder in ("yaml_pipelines", "tests/golden", "tests/unit/spec/data")
    for path in (ROOT / folder).rglob("*.yaml")
    if not path.parent.name.startswith("_") and load_pipeline(path).pipeline is not None
)


def back(loaded: Loaded) -> str:
    script = to_script(loaded)
    assert is_script(script)
    return take_over(split_script(script), "any name.sql").text


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_file_comes_back_as_it_is_formatted(path: Path) -> None:
    loaded = load_pipeline(path)
    assert back(loaded) == format_pipeline(loaded.text)


def test_there_are_files_to_test() -> None:
    assert len(FILES) >= 15


PALETTE = Path(__file__).parent / "data" / "palette.yaml"
"""A node of every type over several connections, with odd names, ports, parameters and nodes that are not enabled."""


def test_every_node_type_comes_back() -> None:
    loaded = load_pipeline(PALETTE)
    assert loaded.pipeline is not None, loaded.findings
    assert {node.type for node in loaded.pipeline.nodes.values()} >= set(NODE_TYPES)
    assert back(loaded) == format_pipeline(loaded.text)


def test_script_without_its_file_is_refused() -> None:
    script = to_script(load_pipeline(PALETTE))
    cut = script[: script.index("-- The pipeline file;")]
    with pytest.raises(AuthorError, match="DF-CONV-023"):
        take_over(split_script(cut), "palette.sql")
