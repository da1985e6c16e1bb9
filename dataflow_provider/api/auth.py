"""Who calls and what they may do: every route names the right it needs, and no level ever decides.

The user comes from Airflow (bearer token, else the session cookie), the rights from its auth manager: with FAB and
Keycloak each right is a permission of its own, the simple auth manager's four roles are mapped to ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, resolve_user_from_token
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dataflow_provider.airflow_compat import find_simple_role, list_role_names
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.security import ROLE_RIGHTS, Right, Role
from dataflow_provider.security.permissions import right_resource

SIMPLE_ROLES = {"ADMIN": Role.ADMIN, "OP": Role.ENGINEER, "USER": Role.ANALYST, "VIEWER": Role.VIEWER}
"""The simple auth manager knows four roles and no permissions of ours."""

_bearer = HTTPBearer(auto_error=False, description="The token of Airflow's `POST /auth/token`")


@dataclass(frozen=True)
class Caller:
    """A signed-in user with the rights that count now."""

    user: BaseUser
    rights: frozenset[Right]
    role_names: tuple[str, ...]

    @property
    def username(self) -> str:
        """The name that a person signs in with."""
        return str(getattr(self.user, "username", None) or self.user.get_name())

    def require(self, right: Right) -> None:
        """Do nothing when the caller has the right.

        Raises:
            ProblemError: 403, DF-API-403.
        """
        if right not in self.rights:
            raise ProblemError(
                403,
                "DF-API-403",
                f"This needs the right `{right}`, which none of your roles gives.",
                "Ask an administrator for a role that has it; docs/security.md lists them.",
            )

    def may_read(self, pipeline_id: str) -> bool:
        """Return whether Airflow lets the caller read this Dag; asks the database for the Dag's team."""
        return self._may_read(DagDetails(id=pipeline_id, team_name=DagModel.get_team_name(pipeline_id)))

    def may_read_log(self, pipeline_id: str) -> bool:
        """Return whether Airflow itself would show the caller the logs of this Dag's tasks."""
        details = DagDetails(id=pipeline_id, team_name=DagModel.get_team_name(pipeline_id))
        return get_auth_manager().is_authorized_dag(
            method="GET", access_entity=DagAccessEntity.TASK_LOGS, details=details, user=self.user
        )

    def may_read_file(self, pipeline_id: str) -> bool:
        """Return whether the caller might read the Dag that a broken file would be; asks no database."""
        return self._may_read(DagDetails(id=pipeline_id))

    def _may_read(self, details: DagDetails) -> bool:
        return get_auth_manager().is_authorized_dag(method="GET", details=details, user=self.user)

    def readable_pipelines(self) -> set[str]:
        """Return the ids of all Dags that the caller may read."""
        return get_auth_manager().get_authorized_dag_ids(user=self.user, method="GET")


def build_caller(user: BaseUser) -> Caller:
    """Return the user with rights and roles as the auth manager knows them now."""
    simple = find_simple_role(user)
    if simple is not None:
        role = SIMPLE_ROLES.get(simple.upper())
        return Caller(user, ROLE_RIGHTS[role] if role else frozenset(), (role.value,) if role else ())
    manager = get_auth_manager()
    rights = frozenset(
        right
        for right in Right
        if manager.is_authorized_custom_view(method="GET", resource_name=right_resource(right), user=user)
    )
    return Caller(user, rights, list_role_names(user))


async def current_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who calls.

    Raises:
        ProblemError: 401, DF-API-401, without a valid token.
    """
    try:
        user = await get_user(request, None, credentials)
    except HTTPException as exc:
        raise not_signed_in(str(exc.detail)) from exc
    return build_caller(user)


async def caller_of_cookie(cookies: dict[str, str]) -> Caller:
    """Return who opened a socket: sockets carry cookies and no header of ours.

    Raises:
        ProblemError: 401, DF-API-401, without a valid token.
    """
    try:
        user = await resolve_user_from_token(cookies.get(COOKIE_NAME_JWT_TOKEN))
    except HTTPException as exc:
        raise not_signed_in(str(exc.detail)) from exc
    return build_caller(user)


def not_signed_in(reason: str) -> ProblemError:
    """Return the refusal of a caller without a valid token."""
    return ProblemError(401, "DF-API-401", f"You are not signed in: {reason}.", "Sign in to Airflow, then try again.")


class Needs:
    """Dependency of a route: the caller has `right`; tests read it off every route."""

    def __init__(self, right: Right) -> None:
        self.right = right

    def __call__(self, caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        caller.require(self.right)
        return caller


class NeedsPipeline(Needs):
    """As `Needs`, and the caller may read the Dag of the path's `pipeline_id`."""

    def __call__(self, caller: Annotated[Caller, Depends(current_caller)], pipeline_id: str = "") -> Caller:
        caller.require(self.right)
        require_readable(caller, pipeline_id)
        return caller


def require_readable(caller: Caller, pipeline_id: str) -> None:
    """Do nothing when the caller may read the pipeline.

    Raises:
        ProblemError: 403, DF-API-403.
    """
    if not caller.may_read(pipeline_id):
        raise ProblemError(403, "DF-API-403", f"You may not read the pipeline `{pipeline_id}`.")


def require_log(caller: Caller, pipeline_id: str) -> None:
    """Do nothing when the caller may read the logs of the pipeline's tasks in Airflow.

    Raises:
        ProblemError: 403, DF-API-403.
    """
    if not caller.may_read_log(pipeline_id):
        raise ProblemError(403, "DF-API-403", f"Airflow does not let you read the logs of `{pipeline_id}`.")
