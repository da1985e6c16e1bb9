"""Runs tests with sqlglot's pure Python, as without the extra `compiled`: `python -m tests.pure_sqlglot PATH…`."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class PureFinder(MetaPathFinder):
    """Finds sqlglot's modules by their sources alone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("sqlglot."):
            return None
        details = (importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES)
        for entry in path or ():
            spec = importlib.machinery.FileFinder(entry, details).find_spec(fullname)
            if spec is not None:
                return spec
        return None


def install() -> None:
    """The compiled modules are not found from here on.

    Raises:
        RuntimeError: when sqlglot is imported already.
    """
    if "sqlglot" in sys.modules:
        raise RuntimeError("sqlglot was imported before its compiled modules could be hidden")
    sys.meta_path.insert(0, PureFinder())


if __name__ == "__main__":
    import pytest

    install()
    status = pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]])
    from sqlglot import parser

    if not str(parser.__file__).endswith(".py"):
        raise RuntimeError(f"the tests ran with {parser.__file__}")
    raise SystemExit(status)
