"""How benchmarks tell their figures: a JSON line each on the screen (`make bench` runs pytest with -s)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping


def record(name: str, figures: Mapping[str, float | int | str]) -> None:
    """Print one benchmark's figures as a JSON line of its own."""
    sys.stdout.write("\n" + json.dumps({"benchmark": name, **figures}) + "\n")
