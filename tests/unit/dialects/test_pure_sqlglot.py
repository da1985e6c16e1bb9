"""The same SQL with sqlglot's pure Python as with its compiled build, which is an extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = ("test_silent_changes.py", "test_rewrites.py", "test_sampling.py", "test_allowed.py")


def test_dialects_hold_without_the_compiled_build(repo_root: Path) -> None:
    paths = [str(repo_root / "tests/unit/dialects" / name) for name in TESTS]
    done = subprocess.run(
        [sys.executable, "-m", "tests.pure_sqlglot", "-q", *paths],
        env={**os.environ, "PYTHONPATH": str(repo_root)},
        cwd=repo_root,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
