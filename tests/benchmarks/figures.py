"""Where benchmarks leave their figures: a JSON line each on the screen and in the file DATAFLOW_FIGURES names."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def record(name: str, figures: Mapping[str, float | int | str]) -> None:
    """Append one benchmark's figures; without DATAFLOW_FIGURES they are only printed (pytest shows them with -s)."""
    line = json.dumps({"benchmark": name, **figures})
    sys.stdout.write(line + "\n")
    target = os.environ.get("DATAFLOW_FIGURES")
    if target:
        with Path(target).open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")
