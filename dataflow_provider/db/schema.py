"""How Airflow makes and upgrades our tables: named in the provider's `db-managers`, run by `airflow db migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow import settings
from airflow.utils.db_manager import BaseDBManager

from dataflow_provider.db.tables import Base

_HERE = Path(__file__).parent
VERSION_TABLE = "alembic_version_dataflow"


class DataflowTables(BaseDBManager):
    """Our tables and their versions; Airflow's own table of versions stays apart."""

    metadata = Base.metadata
    version_table_name = VERSION_TABLE
    migration_dir = (_HERE / "migrations").as_posix()
    alembic_file = (_HERE / "alembic.ini").as_posix()
    supports_table_dropping = True

    def downgrade(self, to_revision: str, from_revision: str | None = None, show_sql_only: bool = False) -> None:
        """Go back to an earlier version; the rows of tables that it does not have are lost."""
        from alembic import command

        ours: Any = self  # Airflow's methods have no types
        config = ours.get_alembic_config()
        revision = f"{from_revision}:{to_revision}" if show_sql_only and from_revision else to_revision
        command.downgrade(config, revision, sql=show_sql_only)


def engine_of_airflow() -> Any:
    """Return the engine of the metadata database, for the migration script."""
    return settings.get_engine()
