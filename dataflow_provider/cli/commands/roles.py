"""`dataflow roles sync`: puts our roles and their rights into FAB's database."""

from __future__ import annotations

import argparse

from dataflow_provider.airflow_compat import logs_to_stderr
from dataflow_provider.cli.output import print_json
from dataflow_provider.security import ROLE_RIGHTS
from dataflow_provider.security.seeding import seed_roles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("sync",), help="sync: make FAB's roles equal to the table of rights")
    parser.epilog = (
        "JSON: {roles: [{name, rights}]}. Users get a role in Airflow's Security menu or from your identity provider."
    )


def run(args: argparse.Namespace) -> int:
    with logs_to_stderr():
        roles = seed_roles()
    if args.json:
        print_json({"roles": [{"name": role.value, "rights": sorted(ROLE_RIGHTS[role])} for role in roles]})
    else:
        print("FAB has the roles " + ", ".join(role.value for role in roles) + " with the rights of docs/security.md.")
    return 0
