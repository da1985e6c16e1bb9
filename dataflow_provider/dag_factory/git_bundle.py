"""The Dag bundle of a pipelines folder in a Git repository; Airflow's Git bundle clones, we add the stubs.

In a module of its own because it needs the extra `[git]`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from airflow.providers.git.bundles.git import GitDagBundle

from dataflow_provider.dag_factory.bundles import mirror, preload_parser
from dataflow_provider.dag_factory.stub_folder import StubFolder

_UNVERSIONED = "tracking"


class GitPipelineBundle(GitDagBundle):
    """A repository of pipelines as Airflow Dags: a run keeps the commit it started with.

    Args:
        subdir: The pipelines folder in the repository.
        kwargs: What `GitDagBundle` takes: `name`, `tracking_ref`, `git_conn_id`, `repo_url`, `refresh_interval`, ….
    """

    def __init__(self, *, subdir: str = "yaml_pipelines", **kwargs: Any) -> None:
        super().__init__(subdir=subdir, **kwargs)
        # Beside the clone, not in it: Airflow cleans a clone's untracked files while other tasks may read them.
        self._stubs_of_versions = self.base_dir / "stubs"
        self._folder = StubFolder(super().path, self._stubs_of_versions / (self.version or _UNVERSIONED))

    @property
    def path(self) -> Path:
        """The folder of stubs."""
        return self._folder.stubs

    @property
    def pipelines(self) -> Path:
        """The folder of YAML files in the clone."""
        return self._folder.pipelines

    def initialize(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        super().initialize()
        mirror(self._folder)

    def refresh(self) -> None:
        preload_parser()
        super().refresh()
        with self.lock():
            mirror(self._folder)
            self._remove_stubs_of_gone_versions()

    def _remove_stubs_of_gone_versions(self) -> None:
        """Airflow deletes clones of versions that no run uses any more; their stubs go with them."""
        for folder in self._stubs_of_versions.iterdir():
            if folder.name != _UNVERSIONED and not (self.versions_dir / folder.name).exists():
                shutil.rmtree(folder, ignore_errors=True)
