"""Which stage tables a cleaning means."""

from __future__ import annotations

import pytest

from dataflow_provider.execution.cleaning import Wanted
from dataflow_provider.execution.stage_tables import RegisteredTable


@pytest.mark.parametrize(
    ("workspace", "is_meant"),
    [("billing", True), ("billing/prod", True), ("network", False), ("network/billing", False)],
)
def test_pipeline_is_meant_in_every_environment_of_its_workspace(workspace: str, is_meant: bool) -> None:
    wanted = Wanted(before=None, pipelines=frozenset({("usage", "billing")}))
    table = RegisteredTable("df_1_usage", "usage", workspace, "r1", "usage", "", "2026-11-01 00:00:00")
    assert wanted.includes(table) is is_meant
