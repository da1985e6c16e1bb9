"""Alembic's entry: runs the scripts of `versions` on Airflow's database, with a table of versions of our own."""

from __future__ import annotations

from contextlib import nullcontext

from airflow import settings
from alembic import context

from dataflow_provider.db.schema import VERSION_TABLE, engine_of_airflow
from dataflow_provider.db.tables import Base


def run_offline() -> None:
    """The statements are printed, nothing is run."""
    context.configure(
        url=settings.SQL_ALCHEMY_CONN,
        target_metadata=Base.metadata,
        literal_binds=True,
        version_table=VERSION_TABLE,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """The database is at the version that was asked for."""
    given = context.config.attributes.get("connection")
    with nullcontext(given) if given is not None else engine_of_airflow().connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table=VERSION_TABLE,
            render_as_batch=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
