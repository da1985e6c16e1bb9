from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dataflow_provider.dag_factory.stub import extract_origin, extract_yaml
from dataflow_provider.dag_factory.stub_folder import StubFolder, stub_files
from tests.unit.dag_factory.conftest import WritePipeline


@pytest.fixture
def folder(pipelines: Path, tmp_path: Path) -> StubFolder:
    return StubFolder(pipelines, tmp_path / "stubs")


def names(folder: StubFolder) -> list[str]:
    return sorted(Path(path).relative_to(folder.stubs).as_posix() for path in stub_files(folder.stubs))


def test_sync_of_new_pipelines_writes_a_stub_each(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    yaml = write_pipeline("calls")
    write_pipeline("bills", workspace="billing")
    folder.sync()
    assert names(folder) == ["billing/bills.py", "telecom/calls.py"]
    assert extract_yaml((folder.stubs / "telecom/calls.py").read_text()) == yaml.read_text()
    assert [path.name for path in folder.stubs.rglob("*.tmp")] == []


def test_sync_leaves_out_what_is_no_pipeline(
    folder: StubFolder, pipelines: Path, write_pipeline: WritePipeline
) -> None:
    write_pipeline("calls")
    for other in (
        "_templates/t.yaml",
        "_environments/dev.yaml",
        ".git/x.yaml",
        "telecom/.calls.yaml",
        "telecom/_x.yaml",
    ):
        (pipelines / other).parent.mkdir(exist_ok=True)
        (pipelines / other).write_text("a: 1")
    (pipelines / "telecom" / "calls.layout.json").write_text("{}")
    (pipelines / "telecom" / "folder.yaml").mkdir()
    folder.sync()
    assert names(folder) == ["telecom/calls.py"]


def test_sync_of_an_unchanged_pipeline_does_not_touch_its_stub(
    folder: StubFolder, write_pipeline: WritePipeline
) -> None:
    write_pipeline("calls")
    folder.sync()
    stub = folder.stubs / "telecom/calls.py"
    before = stub.stat()
    folder.sync()
    # Another process, which has seen nothing yet.
    StubFolder(folder.pipelines, folder.stubs).sync()
    assert (stub.stat().st_ino, stub.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_sync_of_a_new_pipeline_takes_the_time_of_its_yaml(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    os.utime(write_pipeline("calls"), (1_700_000_000, 1_700_000_000))
    folder.sync()
    assert (folder.stubs / "telecom/calls.py").stat().st_mtime == 1_700_000_000


def test_sync_of_a_yaml_from_the_future_takes_the_time_of_now(
    folder: StubFolder, write_pipeline: WritePipeline
) -> None:
    later = time.time() + 86_400
    os.utime(write_pipeline("calls"), (later, later))
    folder.sync()
    assert (folder.stubs / "telecom/calls.py").stat().st_mtime <= time.time()


def test_sync_of_an_edit_makes_the_stub_younger_than_any_parse_before(
    folder: StubFolder, write_pipeline: WritePipeline
) -> None:
    write_pipeline("calls")
    folder.sync()
    parsed = time.time()
    yaml = write_pipeline("calls", top="owner: team_billing\n")
    os.utime(yaml, (parsed - 60, parsed - 60))
    folder.sync()
    stub = folder.stubs / "telecom/calls.py"
    assert stub.stat().st_mtime >= parsed
    assert "team_billing" in extract_yaml(stub.read_text())


def test_sync_of_a_removed_and_a_renamed_pipeline_removes_their_stubs(
    folder: StubFolder, write_pipeline: WritePipeline
) -> None:
    gone, renamed = write_pipeline("gone"), write_pipeline("old_name")
    folder.sync()
    gone.unlink()
    renamed.rename(renamed.with_name("new_name.yaml"))
    folder.sync()
    assert names(folder) == ["telecom/new_name.py"]


def test_sync_without_the_pipelines_folder_keeps_the_stubs(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    folder.sync()
    folder.pipelines.rename(folder.pipelines.with_name("unmounted"))
    folder.sync()
    assert names(folder) == ["telecom/calls.py"]


def test_sync_of_two_files_with_one_id_names_them_as_rivals(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    other = write_pipeline("calls", workspace="billing")
    folder.sync()
    stub = folder.stubs / "telecom/calls.py"
    assert extract_origin(stub.read_text()).rivals == ("yaml_pipelines/billing/calls.yaml",)
    other.unlink()
    folder.sync()
    assert extract_origin(stub.read_text()).rivals == ()


def test_sync_of_both_endings_writes_two_stubs_that_are_rivals(
    folder: StubFolder, write_pipeline: WritePipeline
) -> None:
    yaml = write_pipeline("calls")
    yaml.with_suffix(".yml").write_text(yaml.read_text())
    folder.sync()
    assert names(folder) == ["telecom/calls.py", "telecom/calls.yml.py"]
    assert extract_origin((folder.stubs / "telecom/calls.py").read_text()).rivals == (
        "yaml_pipelines/telecom/calls.yml",
    )


def test_sync_of_a_large_file_keeps_its_text_out_of_the_stub(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    write_pipeline("huge", text="# " + "x" * 5_000_000)
    folder.sync()
    stub = folder.stubs / "telecom/huge.py"
    assert stub.stat().st_size < 1_000
    assert extract_origin(stub.read_text()).refused == "size"


def test_sync_of_a_link_out_of_the_folder_keeps_the_text_out_of_the_stub(
    folder: StubFolder, pipelines: Path, write_pipeline: WritePipeline, tmp_path: Path
) -> None:
    inside = write_pipeline("inside")
    (tmp_path / "secret.txt").write_text("password: hunter2")
    (pipelines / "telecom" / "leak.yaml").symlink_to(tmp_path / "secret.txt")
    (pipelines / "telecom" / "alias.yaml").symlink_to(inside)
    folder.sync()
    leak = (folder.stubs / "telecom/leak.py").read_text()
    assert "hunter2" not in leak
    assert extract_origin(leak).refused == "link"
    assert extract_origin((folder.stubs / "telecom/alias.py").read_text()).refused is None


def test_sync_one_looks_at_no_other_file(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("bills", workspace="billing")
    folder.sync_one("bills")
    assert names(folder) == ["billing/bills.py"]


def test_sync_one_sees_rivals_as_sync_does(folder: StubFolder, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("calls", workspace="billing")
    folder.sync_one("calls")
    texts = [(folder.stubs / name).read_text() for name in ("billing/calls.py", "telecom/calls.py")]
    folder.sync()
    assert texts == [(folder.stubs / name).read_text() for name in ("billing/calls.py", "telecom/calls.py")]
    assert all(extract_origin(text).rivals for text in texts)
