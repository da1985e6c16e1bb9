from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from airflow.dag_processing.bundles import base
from airflow.dag_processing.bundles.base import BundleVersion

from dataflow_provider.dag_factory.git_bundle import GitPipelineBundle
from dataflow_provider.dag_factory.stub import extract_path, extract_yaml
from tests.unit.dag_factory.conftest import HEAD, NODES


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(base, "get_bundle_storage_root_path", lambda: tmp_path / "storage")
    folder = tmp_path / "repository"
    (folder / "yaml_pipelines" / "telecom").mkdir(parents=True)
    run(folder, "init", "-q", "-b", "main")
    return folder


def run(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, pipeline_id: str, owner: str) -> str:
    path = folder / "yaml_pipelines" / "telecom" / f"{pipeline_id}.yaml"
    path.write_text(f"{HEAD}id: {pipeline_id}\nowner: {owner}\n{NODES}")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", f"{pipeline_id} of {owner}")
    return run(folder, "rev-parse", "HEAD")


def bundle(repository: Path, version: str | None = None) -> GitPipelineBundle:
    return GitPipelineBundle(name="git", repo_url=str(repository), tracking_ref="main", version=version)


def stubs(found: GitPipelineBundle) -> dict[str, str]:
    return {path.name: extract_yaml(path.read_text()) for path in found.path.rglob("*.py")}


def test_git_bundle_follows_the_branch(repository: Path) -> None:
    commit(repository, "calls", "team_a")
    found = bundle(repository)
    found.initialize()
    assert "owner: team_a" in stubs(found)["calls.py"]

    commit(repository, "calls", "team_b")
    commit(repository, "bills", "team_b")
    found.refresh()
    assert "owner: team_b" in stubs(found)["calls.py"]
    assert set(stubs(found)) == {"calls.py", "bills.py"}

    run(repository, "rm", "-q", "yaml_pipelines/telecom/bills.yaml")
    head = commit(repository, "calls", "team_c")
    found.refresh()
    assert set(stubs(found)) == {"calls.py"}
    assert found.get_current_version() == BundleVersion(version=head)


def test_git_bundle_of_a_version_keeps_that_commit(repository: Path) -> None:
    first = commit(repository, "calls", "team_a")
    commit(repository, "calls", "team_b")
    found = bundle(repository, version=first)
    found.initialize()
    text = next(found.path.rglob("calls.py")).read_text()
    assert "owner: team_a" in extract_yaml(text)
    # What a task of the old run reads lies in the clone of its commit, not in the branch's.
    assert "owner: team_a" in extract_path(text).read_text()


def test_git_bundle_of_a_version_in_a_worker_writes_its_stub_only(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, "calls", "team_a")
    version = commit(repository, "bills", "team_a")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "bills")
    found = bundle(repository, version=version)
    found.initialize()
    assert set(stubs(found)) == {"bills.py"}


def test_git_bundle_drops_the_stubs_of_versions_that_are_gone(repository: Path) -> None:
    first = commit(repository, "calls", "team_a")
    old = bundle(repository, version=first)
    old.initialize()
    current = bundle(repository)
    current.initialize()
    current.refresh()
    assert old.path.exists()
    old.repo_path.rename(old.repo_path.with_name("cleaned-up"))
    current.refresh()
    assert not old.path.exists()
