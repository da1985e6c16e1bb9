"""Airflow settings under which an edited YAML is soon seen: measured with 50 and 500 pipelines, see docs/dags.md.

Edits are found by a file's time, so files need no parse "just in case": a rare one leaves the queue empty for edits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
