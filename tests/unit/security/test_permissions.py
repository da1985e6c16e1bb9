from __future__ import annotations

import pytest

from dataflow_provider.security import ROLE_RIGHTS, Right, Role
from dataflow_provider.security.permissions import RESOURCE_PREFIX, build_fab_roles, right_resource

PERMISSIONS = {role.name: role.permissions for role in build_fab_roles()}
EDITS_DAGS = ("can_edit", "DAGs")


def test_every_right_has_a_resource_of_its_own() -> None:
    resources = {right_resource(right) for right in Right}
    assert len(resources) == len(Right)
    assert all(resource.startswith(RESOURCE_PREFIX) for resource in resources)


@pytest.mark.parametrize("role", list(Role))
def test_role_holds_the_resources_of_its_rights_and_no_others(role: Role) -> None:
    held = {resource for action, resource in PERMISSIONS[role] if resource.startswith(RESOURCE_PREFIX)}
    assert held == {right_resource(right) for right in ROLE_RIGHTS[role]}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_the_navigation_entry_and_the_dags(role: Role) -> None:
    assert {("can_read", "Plugins"), ("can_read", "DAGs"), ("can_read", "Website")} <= PERMISSIONS[role]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.STEWARD, Role.OPERATOR, Role.VIEWER])
def test_role_without_edit_changes_nothing_of_airflows(role: Role) -> None:
    changes = ("can_create", "can_edit", "can_delete")
    own = {"My Profile", "My Password"}
    assert not [pair for pair in PERMISSIONS[role] if pair[0] in changes and pair[1] not in own]


def test_editors_edit_dags() -> None:
    assert EDITS_DAGS in PERMISSIONS[Role.ENGINEER]
    assert EDITS_DAGS in PERMISSIONS[Role.ADMIN]


def test_viewer_reads_neither_logs_nor_code_nor_results() -> None:
    assert not {pair for pair in PERMISSIONS[Role.VIEWER] if pair[1] in ("Task Logs", "DAG Code", "XComs")}
