"""Our roles in Airflow's words: the permissions that FAB must hold so that a role can do what its rights say.

Running a pipeline is no permission on Airflow's Dags: FAB lets only editors of a Dag start runs, and an analyst or
operator is none. They start runs through our API, which checks the right itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from dataflow_provider.airflow_compat import FabRole
from dataflow_provider.security.roles import ROLE_RIGHTS, Right, Role

RESOURCE_PREFIX = "DataFlow "

Permission = tuple[str, str]


def right_resource(right: Right) -> str:
    """Return the name of the FAB resource that stands for a right; holding it is `can_read` on that resource.

    >>> right_resource(Right.READ_LOGS)
    'DataFlow read logs'
    """
    return RESOURCE_PREFIX + right.value.replace("_", " ")


def _grant(actions: str, *resources: str) -> frozenset[Permission]:
    return frozenset((action, resource) for action in actions.split() for resource in resources)


_VIEW = (
    _grant(
        "can_read",
        "Website", "Plugins", "DAGs", "DAG Runs", "DAG Versions", "DAG Warnings", "DAG Dependencies", "Task Instances",
        "Assets", "Asset Aliases", "Backfills", "ImportError", "Jobs", "Pools", "HITL Detail", "My Profile",
        "My Password",
    )
    | _grant("can_edit", "My Profile", "My Password")
    | _grant("menu_access", "Browse", "DAGs", "DAG Runs", "Task Instances", "Assets", "Documentation", "Docs")
)  # fmt: skip
_CRUD = "can_create can_read can_edit can_delete"

RIGHT_PERMISSIONS: dict[Right, frozenset[Permission]] = {
    Right.VIEW: _VIEW,
    Right.READ_LOGS: _grant("can_read", "Task Logs", "DAG Code", "XComs"),
    Right.EDIT: (
        _grant("can_edit can_delete", "DAGs")
        | _grant(_CRUD, "DAG Runs", "Task Instances", "Backfills")
        | _grant("can_create", "Assets")
    ),
    Right.MANAGE_CONNECTIONS: _grant(_CRUD, "Connections") | _grant("menu_access", "Admin", "Connections"),
    Right.AUDIT: _grant("can_read menu_access", "Audit Logs") | _grant("can_read", "All Audit Logs"),
    Right.ADMINISTER: (
        _grant(_CRUD, "Users", "Roles", "Pools", "Variables", "XComs", "HITL Detail")
        | _grant("can_read", "Configurations", "Providers", "All Import Errors", "All Reparses", "Triggers")
        | _grant("can_read", "Permission Views", "Permissions", "View Menus", "Task Reschedules", "Cluster Activity")
        | _grant("can_read can_edit", "Passwords")
        | _grant("menu_access", "Admin", "List Users", "List Roles", "Pools", "Variables")
        | _grant("menu_access", "Configurations", "Providers", "Plugins", "XComs")
    ),
}  # fmt: skip


def build_fab_roles(roles: Iterable[Role] = tuple(Role)) -> list[FabRole]:
    """Return our roles with their rights as permissions, and with what Airflow itself asks for these rights."""
    return [
        FabRole(
            role.value,
            frozenset(
                permission
                for right in ROLE_RIGHTS[role]
                for permission in (("can_read", right_resource(right)), *RIGHT_PERMISSIONS.get(right, ()))
            ),
        )
        for role in roles
    ]
