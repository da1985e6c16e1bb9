from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.security import ROLE_RIGHTS, Persona, Right, Role, level_of, persona_of, roles_within


def documented_rights(repo_root: Path) -> dict[Role, set[Right]]:
    """The table of docs/security.md: a row a right, a column a role, `x` = has it."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (repo_root / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(("| right |", "| `"))
    ]
    head = next(row for row in rows if row[0] == "right")
    table: dict[Role, set[Right]] = {Role(name): set() for name in head[2:]}
    for row in rows[rows.index(head) + 1 :]:
        for name, cell in zip(head[2:], row[2:], strict=True):
            assert cell in ("x", "–"), row
            if cell == "x":
                table[Role(name)].add(Right(row[0].strip("`")))
    return table


def test_rights_of_roles_are_those_of_the_documented_table(repo_root: Path) -> None:
    assert documented_rights(repo_root) == {role: set(rights) for role, rights in ROLE_RIGHTS.items()}


def test_documented_table_names_every_right(repo_root: Path) -> None:
    assert set().union(*documented_rights(repo_root).values()) == set(Right)


def test_levels_order_the_roles() -> None:
    levels = {role.value: level_of(role) for role in Role}
    assert levels == {"ADMIN": 100, "ENGINEER": 75, "ANALYST": 50, "STEWARD": 40, "OPERATOR": 30, "VIEWER": 25}


@pytest.mark.parametrize(
    ("role", "persona"),
    [
        (Role.ADMIN, Persona.ADMIN),
        (Role.ENGINEER, Persona.ENGINEER),
        (Role.ANALYST, Persona.ANALYST),
        (Role.STEWARD, Persona.STEWARD),
        (Role.OPERATOR, Persona.ENGINEER),
        (Role.VIEWER, Persona.ENGINEER),
    ],
)
def test_persona_of_a_role_is_its_own_or_the_engineers(role: Role, persona: Persona) -> None:
    assert persona_of(ROLE_RIGHTS[role]) is persona


def test_persona_of_two_roles_is_that_of_the_higher() -> None:
    assert persona_of(ROLE_RIGHTS[Role.ANALYST] | ROLE_RIGHTS[Role.STEWARD]) is Persona.ANALYST


def test_persona_of_every_right_is_admin() -> None:
    assert persona_of(Right) is Persona.ADMIN


def test_no_rights_fill_no_role() -> None:
    assert roles_within(()) == ()
