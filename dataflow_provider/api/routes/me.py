"""The signed-in user."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from dataflow_provider import __version__
from dataflow_provider.api.auth import Caller, Needs
from dataflow_provider.api.datamodels import Me
from dataflow_provider.api.paths import base_path
from dataflow_provider.security import Right, Role, level_of, persona_of

router = APIRouter(tags=["me"])


@router.get("/me")
def get_me(caller: Annotated[Caller, Depends(Needs(Right.VIEW))]) -> Me:
    """Return who is signed in and what the screens may offer."""
    return Me(
        username=caller.username,
        display_name=_display_name(caller),
        roles=sorted(caller.role_names, key=_level, reverse=True),
        rights=sorted(caller.rights, key=list(Right).index),
        persona=persona_of(caller.rights),
        base_path=base_path(),
        version=__version__,
    )


def _display_name(caller: Caller) -> str:
    parts = (getattr(caller.user, "first_name", None), getattr(caller.user, "last_name", None))
    return " ".join(str(part) for part in parts if part) or caller.username


def _level(role_name: str) -> int:
    return level_of(Role(role_name)) if role_name in Role.__members__ else 0
