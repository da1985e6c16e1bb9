from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.utils.session import create_session
from sqlalchemy import select

from dataflow_provider.airflow_compat import FabRole, sync_fab_roles
from dataflow_provider.errors import AuthorError
from dataflow_provider.security import ROLE_RIGHTS, Right, Role
from dataflow_provider.security.permissions import RESOURCE_PREFIX, right_resource
from dataflow_provider.security.seeding import load_passwords, seed_demo_users, seed_roles, write_passwords

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


@pytest.fixture
def fab(metadata_tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """FAB is Airflow's auth manager, with its tables in the session's SQLite file; its rows go away with the test."""
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", FAB)
    from airflow import settings
    from airflow.providers.fab.auth_manager.models import Model

    Model.metadata.create_all(settings.get_engine())
    yield
    with create_session() as session:
        for table in reversed(Model.metadata.sorted_tables):
            if table.name.startswith("ab_"):
                session.execute(table.delete())


def rights_in_fab(role: Role) -> set[str]:
    from airflow.providers.fab.auth_manager.models import Role as FabStoredRole

    with create_session() as session:
        stored = session.scalars(select(FabStoredRole).where(FabStoredRole.name == role.value)).unique().one()
        pairs = {(one.action.name, one.resource.name) for one in stored.permissions}
    return {resource for action, resource in pairs if resource.startswith(RESOURCE_PREFIX) and action == "can_read"}


def user_roles() -> dict[str, list[str]]:
    from airflow.providers.fab.auth_manager.models import User

    with create_session() as session:
        return {user.username: [role.name for role in user.roles] for user in session.scalars(select(User)).unique()}


def test_seeding_twice_gives_six_users_with_one_role_and_the_same_passwords(fab: None, tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "users.json"
    first = seed_demo_users(path)
    again = seed_demo_users(path)
    assert again == first
    assert user_roles() == {role.value.lower(): [role.value] for role in Role}
    assert len(set(first.values())) == len(Role)
    assert min(len(password) for password in first.values()) >= 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for role in Role:
        assert rights_in_fab(role) == {right_resource(right) for right in ROLE_RIGHTS[role]}


def test_seeding_roles_takes_a_right_back_that_the_table_does_not_give(fab: None) -> None:
    extra = frozenset({("can_read", right_resource(Right.EDIT)), ("can_read", "Pools")})
    sync_fab_roles([FabRole("VIEWER", extra)], RESOURCE_PREFIX)
    seed_roles()
    assert rights_in_fab(Role.VIEWER) == {right_resource(Right.VIEW)}


def test_seeding_with_another_auth_manager_is_refused() -> None:
    with pytest.raises(AuthorError) as caught:
        seed_roles()
    assert caught.value.code == "DF-SEC-003"
    assert "SimpleAuthManager" in caught.value.message


def test_written_passwords_are_read_back(tmp_path: Path) -> None:
    write_passwords(tmp_path / "p.json", {"admin": "x"})
    assert load_passwords(tmp_path / "p.json") == {"admin": "x"}
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_passwords_replace_a_file_that_others_could_read(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("{}")
    path.chmod(0o644)
    write_passwords(path, {"admin": "x"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", '{"admin": 1}', '{"admin": ""}'])
def test_password_file_with_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(AuthorError) as caught:
        load_passwords(tmp_path / "p.json")
    assert caught.value.code == "DF-SEC-002"
