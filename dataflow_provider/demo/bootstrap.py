"""Makes Airflow's metadata ready in one process of its own: `python -m dataflow_provider.demo.bootstrap PASSWORDS`.

Migrating and seeding share one start of Airflow, which takes longer than either. The settings come by the environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.__main__ import main as run_airflow_command

from dataflow_provider.security.seeding import seed_demo_users


def bootstrap(passwords: Path) -> None:
    """The metadata database has every table, our roles, and one user of each; doing it again changes nothing."""
    sys.argv = ["airflow", "db", "migrate"]
    run_airflow_command()
    seed_demo_users(passwords)


if __name__ == "__main__":
    bootstrap(Path(sys.argv[1]))
