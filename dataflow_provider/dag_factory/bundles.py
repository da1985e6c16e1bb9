"""The Dag bundle of a pipelines folder: Airflow sees one stub per YAML, each with its own import error and parse time.

The Dag processor mirrors the whole folder at each refresh; a worker only the one file that its task needs.
"""

from __future__ import annotations

import hashlib
import importlib
from functools import cache
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle
from airflow.sdk import get_parsing_context

from dataflow_provider import airflow_compat
from dataflow_provider.dag_factory.stub_folder import StubFolder
from dataflow_provider.settings import Settings


class LocalPipelineBundle(BaseDagBundle):
    """A folder of pipelines, `<path>/<workspace>/<id>.yaml`, as Airflow Dags.

    Args:
        path: The pipelines folder; `[dataflow] pipelines_folder` when omitted.
        kwargs: What every bundle takes: `name`, `refresh_interval`, `version`, `view_url_template`.
    """

    supports_versioning = False

    def __init__(self, *, path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pipelines = Path(path) if path else Settings.load().pipelines_folder
        # Two installations of one machine share the storage folder; the digest keeps their stubs apart.
        digest = hashlib.sha256(str(pipelines.absolute()).encode()).hexdigest()[:12]
        self._folder = StubFolder(pipelines, self.base_dir / "stubs" / digest)

    @property
    def path(self) -> Path:
        """The folder of stubs."""
        return self._folder.stubs

    @property
    def pipelines(self) -> Path:
        """The folder of YAML files."""
        return self._folder.pipelines

    def initialize(self) -> None:
        mirror(self._folder)
        super().initialize()

    def refresh(self) -> None:
        preload_parser()
        with self.lock():
            self._folder.sync()

    def get_current_version(self) -> None:
        """A folder has no version."""


def mirror(folder: StubFolder) -> None:
    """Write the stub of the Dag this process was started for, or all stubs when it was not started for one."""
    dag_id = get_parsing_context().dag_id
    if dag_id is None:
        folder.sync()
    else:
        folder.sync_one(dag_id)


@cache
def preload_parser() -> None:
    """What a parse needs is in memory, once: the Dag processor forks for each file, and its children inherit it.

    A pipeline is built and serialized, because models, plugins and serializers are made when first used; without, each
    file would pay for them again (measured: 0.2 s of CPU instead of 0.02).
    """
    # Not at the top: every Airflow process imports its bundles, and only this one parses in earnest.
    loading = importlib.import_module("dataflow_provider.dag_factory.loading")
    airflow_compat.serialize_dag(loading.build_sample())


def write_stubs(pipelines: Path, stubs: Path) -> None:
    """Write the stubs of a pipelines folder, for tools and benchmarks that run without a bundle."""
    StubFolder(pipelines, stubs).sync()
