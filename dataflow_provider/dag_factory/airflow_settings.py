"""Airflow settings under which an edited YAML is soon seen: measured with 50 and 500 pipelines, see docs/dags.md.

Edits are found by a file's time, so files need no parse "just in case": a rare one leaves the queue empty for edits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

REFRESH_INTERVAL_S = 5

RECOMMENDED: Mapping[str, str] = MappingProxyType(
    {
        # How often bundles look at their source; a look at 500 unchanged files takes milliseconds.
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": str(REFRESH_INTERVAL_S),
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "2",
        # An unchanged file is parsed once an hour. With the default of 30 s, 500 files would keep the queue full and an
        # edit would wait for its turn.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__DAG_PROCESSOR__FILE_PARSING_SORT_MODE": "modified_time",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
        # The table of all files fills the log otherwise.
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "600",
    }
)


def bundle_config(pipelines: Path, dags: Path | None = None, *, name: str = "dataflow") -> str:
    """Return `[dag_processor] dag_bundle_config_list` for a pipelines folder, and a folder of Python Dags beside it."""
    bundles: list[dict[str, Any]] = [
        {
            "name": name,
            "classpath": "dataflow_provider.dag_factory.bundles.LocalPipelineBundle",
            "kwargs": {"path": str(pipelines), "refresh_interval": REFRESH_INTERVAL_S},
        }
    ]
    if dags is not None:
        bundles.append(
            {
                "name": f"{name}-python",
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(dags)},
            }
        )
    return json.dumps(bundles)
