"""Roles and rights of the product: pure words, no Airflow and no web framework.

The server checks rights, never levels; `docs/security.md` holds the table that `roles.ROLE_RIGHTS` spells out.
"""

from dataflow_provider.security.roles import (
    ROLE_RIGHTS,
    Persona,
    Right,
    Role,
    level_of,
    persona_of,
    roles_within,
)

__all__ = ["ROLE_RIGHTS", "Persona", "Right", "Role", "level_of", "persona_of", "roles_within"]
