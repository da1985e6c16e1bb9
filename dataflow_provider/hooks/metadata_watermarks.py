"""Watermarks in Airflow's metadata database, for commands that run outside of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataflow_provider.airflow_compat import read_asset_states, replace_asset_state
from dataflow_provider.errors import AuthorError, TransientError


@dataclass(frozen=True)
class DatabaseWatermarks:
    """What tasks have kept of a pipeline's sources, in the state stores of their assets."""

    pipeline_id: str

    def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """Return everything that is kept.

        Raises:
            TransientError: DF-RUN-065 when Airflow's database cannot be asked.
        """
        # Airflow brings it along; a process that never looks for watermarks need not import it.
        from sqlalchemy.exc import SQLAlchemyError

        try:
            states = read_asset_states(self._prefix)
        except SQLAlchemyError as exc:
            raise TransientError(
                "DF-RUN-065",
                f"Airflow's database cannot be asked for watermarks: {str(exc).splitlines()[0]}",
                hint="Start it or run `airflow db migrate`; `--in local` looks at those of `dataflow run` alone.",
            ) from exc
        return {name.removeprefix(self._prefix): values for name, values in states.items()}

    def get(self, node: str, key: str) -> Any:
        return self.nodes().get(node, {}).get(key)

    def replace(self, node: str, values: Mapping[str, Any]) -> None:
        """As `WatermarkPlace.replace`.

        Raises:
            AuthorError: DF-RUN-088 when Airflow knows no task that reads the source.
        """
        try:
            replace_asset_state(self._prefix + node, values)
        except LookupError as exc:
            raise AuthorError(
                "DF-RUN-088",
                f"Airflow has no watermark of `{node}` of `{self.pipeline_id}`: no Dag reads it incrementally",
                hint="Wait until the Dag processor has read the file, or use `--in local`.",
            ) from exc

    @property
    def _prefix(self) -> str:
        return f"dataflow.{self.pipeline_id}."
