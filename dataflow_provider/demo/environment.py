"""The environment of the demo's Airflow: SQLite metadata, FAB logins, LocalExecutor, our bundles, all on loopback.

Whatever `AIRFLOW_…` the caller has set for an installation of their own is left out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dataflow_provider.connectors.connections import WAREHOUSE_ID, ConnectionSpec, variable_name
from dataflow_provider.dag_factory.airflow_settings import RECOMMENDED, REFRESH_INTERVAL_S
from dataflow_provider.demo.home import DemoHome
from dataflow_provider.demo.ports import HOST
from dataflow_provider.demo.services import INSTANCE_VARIABLE
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import Project

PIPELINES = "dataflow"
METADATA_WAIT_S = 60
"""How long a component waits for another's write to the SQLite metadata; the driver's 5 s fail on a busy machine."""
FAB_AUTH = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PIPELINE_BUNDLE = "dataflow_provider.dag_factory.bundles.LocalPipelineBundle"
FOLDER_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


@dataclass(frozen=True)
class DemoFolders:
    """What the demo shows: pipelines, a second folder of copies for scale tests, hand-written Dags."""

    pipelines: Path
    extra_pipelines: Path | None = None
    examples: Path | None = None

    @property
    def data(self) -> Path:
        """Where the pipelines' relative paths `data/…` lead."""
        return self.pipelines.parent / "data"

    @property
    def warehouse(self) -> ConnectionSpec:
        """The project's own warehouse, so that `dataflow run` beside the demo sees the same tables."""
        project = Project.of(self.pipelines / "demo.yaml", Settings(self.pipelines))
        return ConnectionSpec(WAREHOUSE_ID, "duckdb", host=str(project.warehouse))


def airflow_environment(
    home: DemoHome, folders: DemoFolders, *, port: int, instance: str, settings: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables every Airflow process of the demo gets; `settings` are laid over them last."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_"))}
    return {
        **inherited,
        **_process_variables(instance, inherited),
        **_core(home, port),
        **_bundles(home, folders),
        **_product(folders),
        **settings,
    }


def _process_variables(instance: str, inherited: Mapping[str, str]) -> dict[str, str]:
    no_proxy = ",".join(filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), HOST, "localhost")))
    return {
        INSTANCE_VARIABLE: instance,
        # Airflow renames its processes; without this the new name would overwrite the environment we find them by.
        "SPT_NOENV": "1",
        # Tasks talk to the API server on loopback; a proxy of the machine must not be asked.
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), inherited.get("PATH", os.defpath))),
        "PYTHONUNBUFFERED": "1",
    }


def _core(home: DemoHome, port: int) -> dict[str, str]:
    url = f"http://{HOST}:{port}"
    return {
        "AIRFLOW_HOME": str(home.root),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": home.secret("api"),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": home.secret("jwt"),
        "AIRFLOW__CORE__AUTH_MANAGER": FAB_AUTH,
        "AIRFLOW__CORE__DAGS_FOLDER": str(home.root / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": home.secret("fernet"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(max(2, min(8, os.cpu_count() or 2))),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home.root / "plugins"),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.database}?timeout={METADATA_WAIT_S}",
        # The first task meets a server that still builds its task API; a start that is sent twice is refused.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": str(METADATA_WAIT_S),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home.logs / "dag_files"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _bundles(home: DemoHome, folders: DemoFolders) -> dict[str, str]:
    bundles = [_bundle(PIPELINES, PIPELINE_BUNDLE, folders.pipelines)]
    if folders.extra_pipelines is not None:
        bundles.append(_bundle("extra", PIPELINE_BUNDLE, folders.extra_pipelines))
    if folders.examples is not None:
        bundles.append(_bundle("examples", FOLDER_BUNDLE, folders.examples))
    return {
        **RECOMMENDED,
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home.root / "bundles"),
    }


def _bundle(name: str, classpath: str, path: Path) -> dict[str, object]:
    return {"name": name, "classpath": classpath, "kwargs": {"path": str(path), "refresh_interval": REFRESH_INTERVAL_S}}


def _product(folders: DemoFolders) -> dict[str, str]:
    warehouse = folders.warehouse
    return {
        variable_name(WAREHOUSE_ID): json.dumps({"conn_type": warehouse.conn_type, "host": warehouse.host}),
        "AIRFLOW__DATAFLOW__PIPELINES_FOLDER": str(folders.pipelines),
        "AIRFLOW__DATAFLOW__WAREHOUSE": str(warehouse.host),
    }
