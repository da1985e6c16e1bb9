"""Watermarks in Airflow: one asset for each incremental source of a pipeline holds what is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Asset

from dataflow_provider.airflow_compat import WATERMARK_URI


def watermark_asset(pipeline_id: str, node: str) -> Asset:
    """Return the asset whose state store holds the watermark of a source.

    Tasks declare it as an inlet, never as an outlet: Airflow deletes the state of assets that only stale Dags name as
    outlets, and a pipeline file that is broken for a minute would then be read from its first row again.
    """
    return Asset(name=f"dataflow.{pipeline_id}.{node}", uri=f"{WATERMARK_URI}{pipeline_id}/{node}", group="dataflow")


class AssetWatermarks:
    """The watermarks of some sources in the asset state stores that a task has been given."""

    def __init__(self, stores: dict[str, Any]) -> None:
        self._stores = stores

    @classmethod
    def of(cls, context: Any, pipeline_id: str, nodes: Iterable[str]) -> AssetWatermarks | None:
        """Return the store of a task's sources; None where the task does not have the assets of all of them."""
        given = context.get("asset_state_store")
        if given is None:
            return None
        try:
            return cls({node: given[watermark_asset(pipeline_id, node)] for node in nodes})
        except KeyError:
            return None

    def get(self, node: str, key: str) -> Any:
        return self._stores[node].get(key)

    def set(self, node: str, key: str, value: Any) -> None:
        self._stores[node].set(key, value)

    def delete(self, node: str, key: str) -> None:
        self._stores[node].delete(key)
