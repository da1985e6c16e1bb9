from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import DEFAULT_WORKSPACE, Project, is_pipeline_file

SETTINGS = Settings(pipelines_folder=Path("/nowhere"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.of(tmp_path / "yaml_pipelines" / "telecom" / "calls.yaml", SETTINGS)


def test_project_of_a_pipeline_in_a_workspace_starts_above_yaml_pipelines(project: Project, tmp_path: Path) -> None:
    assert (project.root, project.workspace) == (tmp_path, "telecom")
    assert project.file_roots == (tmp_path,)
    assert project.warehouse == tmp_path / ".dataflow" / "warehouse.duckdb"


@pytest.mark.parametrize("path", ["calls.yaml", "yaml_pipelines/calls.yaml"])
def test_project_of_a_file_outside_workspaces_is_in_the_default_one(tmp_path: Path, path: str) -> None:
    project = Project.of(tmp_path / path, SETTINGS)
    assert (project.root, project.workspace) == (tmp_path, DEFAULT_WORKSPACE)


def test_project_takes_warehouse_and_roots_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(Path("/x"), (tmp_path / "data",), Path("/data/w.duckdb"))
    project = Project.of(tmp_path / "a.yaml", settings)
    assert (project.file_roots, project.warehouse) == ((tmp_path / "data",), Path("/data/w.duckdb"))


@pytest.mark.parametrize(
    "written", ["data/calls.csv", "data/*/calls-*.csv.gz", "./data/../data/x", "{root}/data/a.csv"]
)
def test_resolve_file_inside_the_project_is_absolute(project: Project, written: str) -> None:
    resolved = project.resolve_file(written.format(root=project.root))
    assert Path(resolved).is_absolute()
    assert Path(resolved).is_relative_to(project.root / "data")


def test_resolve_file_of_an_object_store_stays(project: Project) -> None:
    assert project.resolve_file("s3://bucket/a/../b/*.csv") == "s3://bucket/a/../b/*.csv"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("../other/calls.csv", "DF-FILE-002"),
        ("/etc/passwd", "DF-FILE-002"),
        ("data/../../x.csv", "DF-FILE-002"),
        ("../*/x.csv", "DF-FILE-002"),
        ("link/x.csv", "DF-FILE-002"),
        ("link/*.csv", "DF-FILE-002"),
        ("file:///etc/passwd", "DF-FILE-004"),
        ("FILE:///etc/passwd", "DF-FILE-004"),
        ("a\0b", "DF-FILE-003"),
        (" ", "DF-FILE-003"),
    ],
)
def test_resolve_file_outside_the_roots_is_refused(project: Project, written: str, code: str) -> None:
    (project.root / "link").symlink_to("/usr")
    with pytest.raises(AuthorError) as refused:
        project.resolve_file(written)
    assert refused.value.code == code


def test_resolve_file_whose_root_is_a_prefix_of_its_name_is_refused(project: Project) -> None:
    with pytest.raises(AuthorError, match="DF-FILE-002"):
        project.resolve_file(f"{project.root}-other/x.csv")


def test_resolve_file_through_a_link_into_another_root_is_taken(tmp_path: Path) -> None:
    home, shared = tmp_path / "home", tmp_path / "shared"
    home.mkdir()
    shared.mkdir()
    (home / "link").symlink_to(shared)
    project = Project.of(home / "a.yaml", Settings(Path("/x"), (home, shared)))
    assert project.resolve_file("link/x.csv") == str(home / "link" / "x.csv")


def test_resolve_matches_with_a_link_that_leads_out_is_refused(project: Project) -> None:
    inside = project.root / "a.csv"
    inside.touch()
    (project.root / "b.csv").symlink_to("/etc/passwd")
    assert project.resolve_matches("*.csv", [str(inside)]) == [str(inside)]
    with pytest.raises(AuthorError, match="DF-FILE-002"):
        project.resolve_matches("*.csv", [str(inside), str(project.root / "b.csv")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("w/a.yaml", True),
        ("w/a.yml", True),
        ("_environments/dev.yaml", False),
        ("w/_draft.yaml", False),
        (".git/a.yaml", False),
        ("w/a.layout.json", False),
    ],
)
def test_is_pipeline_file_leaves_out_what_is_hidden_or_no_yaml(name: str, expected: bool) -> None:
    assert is_pipeline_file(Path("/p") / name, Path("/p")) is expected
