"""Airflow's metadata tables in the test session's own SQLite file, for tests that need rows and no running Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from airflow.sdk import DAG

SyncDags = Callable[..., None]


@pytest.fixture(scope="session")
def metadata_tables() -> None:
    """Airflow's core tables and ours exist; migrations would take a quarter of a minute."""
    import airflow.models
    from airflow import settings
    from airflow.models.base import Base

    from dataflow_provider.db.tables import Base as OurBase

    airflow.models.import_all_models()
    Base.metadata.create_all(settings.get_engine())
    OurBase.metadata.create_all(settings.get_engine())


@pytest.fixture
def sync_dags(metadata_tables: None) -> Iterator[SyncDags]:
    """Return a function that makes Dags known to Airflow as the Dag processor would; rows go away with the test."""
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.db import synchronize_log_template
    from airflow.utils.session import create_session

    def sync(*dags: DAG, fileloc: str = __file__) -> None:
        with create_session() as session:
            synchronize_log_template(session=session)
            session.merge(DagBundleModel(name="tests"))
            session.flush()
            for dag in dags:
                dag.fileloc, dag.relative_fileloc = fileloc, f"{dag.dag_id}.py"
                lazy = LazyDeserializedDAG.from_dag(dag)
                SerializedDAG.bulk_write_to_db("tests", None, [lazy], session=session)
                SerializedDagModel.write_dag(lazy, bundle_name="tests", session=session)

    yield sync
    _empty_tables()


def _empty_tables() -> None:
    from airflow.models.base import Base
    from airflow.utils.session import create_session

    from dataflow_provider.db.tables import Base as OurBase

    with create_session() as session:
        for table in (*reversed(OurBase.metadata.sorted_tables), *reversed(Base.metadata.sorted_tables)):
            session.execute(table.delete())


@pytest.fixture
def noon() -> datetime:
    """A fixed now."""
    return datetime(2026, 11, 20, 12, tzinfo=UTC)
