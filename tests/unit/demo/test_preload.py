"""Preloading: every named module exists and is loaded in the scheduler, and in no other component."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dataflow_provider.demo.preload import LOCAL_SETTINGS, MODULES, write_local_settings


@pytest.mark.parametrize(("command", "loaded"), [("scheduler", len(MODULES)), ("api-server", 0)])
def test_local_settings_preload_in_the_scheduler_only(command: str, loaded: int) -> None:
    count = f"import sys\nprint(sum(name in sys.modules for name in {MODULES!r}))"
    result = subprocess.run(
        [sys.executable, "-c", f"{LOCAL_SETTINGS}\n{count}", command], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == str(loaded)


def test_local_settings_stand_where_airflow_looks(tmp_path: Path) -> None:
    write_local_settings(tmp_path)
    write_local_settings(tmp_path)
    assert (tmp_path / "config" / "airflow_local_settings.py").read_text() == LOCAL_SETTINGS
