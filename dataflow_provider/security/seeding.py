"""Puts our roles, and for a demo one user of each, into FAB's database; running it again changes nothing.

Reached by `dataflow roles sync` and by the demo. Passwords are made at the first start and kept in a 0600 file.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from dataflow_provider.airflow_compat import FabUser, sync_fab_roles, sync_fab_users
from dataflow_provider.errors import AuthorError
from dataflow_provider.security.permissions import RESOURCE_PREFIX, build_fab_roles
from dataflow_provider.security.roles import Role


def seed_roles() -> tuple[Role, ...]:
    """FAB has our six roles with the rights of `ROLE_RIGHTS`; return them."""
    sync_fab_roles(build_fab_roles(), RESOURCE_PREFIX)
    return tuple(Role)


def seed_demo_users(path: Path) -> dict[str, str]:
    """FAB has our roles and one user of each; return the passwords by user name, those in `path` where it exists.

    Raises:
        AuthorError: DF-SEC-002 when `path` holds something else than passwords by user name.
    """
    seed_roles()
    passwords = load_passwords(path)
    missing = [role.value.lower() for role in Role if role.value.lower() not in passwords]
    if missing:
        passwords |= {name: secrets.token_urlsafe(15) for name in missing}
        write_passwords(path, passwords)
    sync_fab_users([_demo_user(role, passwords[role.value.lower()]) for role in Role])
    return passwords


def load_passwords(path: Path) -> dict[str, str]:
    """Return the passwords kept in the file; empty when there is none.

    Raises:
        AuthorError: DF-SEC-002 when the file holds something else.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) and value for value in kept.values()):
        raise AuthorError(
            "DF-SEC-002",
            f"The file `{path}` does not hold passwords by user name.",
            hint="Remove the file: new passwords are made at the next start.",
        )
    return kept


def write_passwords(path: Path, passwords: dict[str, str]) -> None:
    """The file holds the passwords and only its owner can read it, also while it is being written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            json.dump(passwords, stream, indent=2)
            stream.write("\n")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _demo_user(role: Role, password: str) -> FabUser:
    name = role.value.lower()
    return FabUser(name, role.value.title(), "Demo", f"{name}@dataflow.invalid", role.value, password)
