"""The write modes by the name a YAML gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dataflow_provider.write_modes.append import APPEND
from dataflow_provider.write_modes.context import WriteMode
from dataflow_provider.write_modes.delete_insert import DELETE_INSERT
from dataflow_provider.write_modes.merge import MERGE
from dataflow_provider.write_modes.overwrite import OVERWRITE
from dataflow_provider.write_modes.upsert import UPSERT

WRITE_MODES: Mapping[str, WriteMode] = MappingProxyType(
    {mode.name: mode for mode in (APPEND, OVERWRITE, UPSERT, MERGE, DELETE_INSERT)}
)
