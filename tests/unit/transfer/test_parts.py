from __future__ import annotations

import os
import time
from pathlib import Path

from dataflow_provider.transfer.parts import KEEP_S, KeptParts


def test_folder_of_parts_takes_old_ones_away_and_minds_none_that_is_just_gone(tmp_path: Path) -> None:
    old, young = tmp_path / "old", tmp_path / "young"
    for one in (old, young):
        (one / "parts").mkdir(parents=True)
    os.utime(old, (0, time.time() - KEEP_S - 60))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")  # As a folder that another task removes between list and look.
    kept = KeptParts(tmp_path / "mine", "build").folder_of(["SELECT 1"])
    assert kept.is_dir()
    assert (old.exists(), young.exists()) == (False, True)
