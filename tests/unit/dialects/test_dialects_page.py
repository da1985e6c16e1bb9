"""`docs/dialects.md` followed to the letter: its dialect and its tests, in a folder of their own, pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def test_dialect_of_the_page_passes_the_tests_of_the_page(tmp_path: Path, repo_root: Path) -> None:
    page = (repo_root / "docs/dialects.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in blocks] == ["toydb.py", "test_toydb.py"]
    for name, text in blocks:
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(repo_root)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40
