"""Who may do what: every right, every role, and the rights each role is seeded with.

A level orders roles for display only; nothing may be decided by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType


class Right(StrEnum):
    """One thing a person may do; a row of the table in `docs/security.md`."""

    VIEW = "view"
    READ_LOGS = "read_logs"
    PREVIEW_DATA = "preview_data"
    SEE_SENSITIVE = "see_sensitive"
    RUN = "run"
    RERUN = "rerun"
    EDIT = "edit"
    DEPLOY = "deploy"
    REQUEST_PRODUCTION = "request_production"
    PROMOTE_PRODUCTION = "promote_production"
    MANAGE_CONNECTIONS = "manage_connections"
    MIGRATE = "migrate"
    GOVERN = "govern"
    AUDIT = "audit"
    ADMINISTER = "administer"


class Role(StrEnum):
    """A named set of rights that a user is given."""

    ADMIN = "ADMIN"
    ENGINEER = "ENGINEER"
    ANALYST = "ANALYST"
    STEWARD = "STEWARD"
    OPERATOR = "OPERATOR"
    VIEWER = "VIEWER"


class Persona(StrEnum):
    """Whose home page and navigation a user sees."""

    ADMIN = "admin"
    ENGINEER = "engineer"
    ANALYST = "analyst"
    STEWARD = "steward"


_LEVELS = MappingProxyType(
    {Role.ADMIN: 100, Role.ENGINEER: 75, Role.ANALYST: 50, Role.STEWARD: 40, Role.OPERATOR: 30, Role.VIEWER: 25}
)

_PERSONAS = MappingProxyType({Role.ADMIN: Persona.ADMIN, Role.ANALYST: Persona.ANALYST, Role.STEWARD: Persona.STEWARD})

ROLE_RIGHTS = MappingProxyType(
    {
        # An administrator promotes without asking, so the right to ask is of no use to one.
        Role.ADMIN: frozenset(Right) - {Right.REQUEST_PRODUCTION},
        Role.ENGINEER: frozenset(
            {
                Right.VIEW, Right.READ_LOGS, Right.PREVIEW_DATA, Right.RUN, Right.RERUN, Right.EDIT, Right.DEPLOY,
                Right.REQUEST_PRODUCTION, Right.MANAGE_CONNECTIONS, Right.MIGRATE,
            }
        ),
        Role.ANALYST: frozenset({Right.VIEW, Right.READ_LOGS, Right.PREVIEW_DATA, Right.RUN}),
        Role.STEWARD: frozenset({Right.VIEW, Right.READ_LOGS, Right.PREVIEW_DATA, Right.GOVERN, Right.AUDIT}),
        Role.OPERATOR: frozenset({Right.VIEW, Right.READ_LOGS, Right.RUN, Right.RERUN}),
        Role.VIEWER: frozenset({Right.VIEW}),
    }
)  # fmt: skip


def level_of(role: Role) -> int:
    """Return the number that orders roles on screen; never a ground for letting somebody in."""
    return _LEVELS[role]


def roles_within(rights: Iterable[Right]) -> tuple[Role, ...]:
    """Return the roles whose rights are all among `rights`, highest level first; empty without any right.

    >>> roles_within({Right.VIEW, Right.READ_LOGS, Right.RUN, Right.RERUN})
    (<Role.OPERATOR: 'OPERATOR'>, <Role.VIEWER: 'VIEWER'>)
    """
    held = frozenset(rights)
    return tuple(role for role in sorted(Role, key=level_of, reverse=True) if ROLE_RIGHTS[role] <= held)


def persona_of(rights: Iterable[Right]) -> Persona:
    """Return the persona of the highest role that `rights` fill; operators and viewers see the engineer's pages."""
    roles = roles_within(rights)
    return _PERSONAS.get(roles[0], Persona.ENGINEER) if roles else Persona.ENGINEER
