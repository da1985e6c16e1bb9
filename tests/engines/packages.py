"""A package with entry points on the path, as pip would leave it, for connectors that are not ours."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dataflow_provider.spec.plugged import GROUP, plugged_connectors

InstallPackage = Callable[[str, Mapping[str, str], Mapping[str, str]], Path]


@pytest.fixture
def install_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstallPackage]:
    """Install a package by name, its files and its connectors (name → `module:attribute`); return its folder."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    installed: list[str] = []

    def install(name: str, files: Mapping[str, str], connectors: Mapping[str, str]) -> Path:
        package = site / name
        package.mkdir()
        for file, text in {"__init__.py": "", **files}.items():
            (package / file).write_text(text)
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        points = "\n".join(f"{point} = {value}" for point, value in connectors.items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        installed.append(name)
        forget()
        return package

    forget()
    yield install
    for module in [one for one in sys.modules if one.partition(".")[0] in installed]:
        del sys.modules[module]
    forget()


def forget() -> None:
    """The next question looks at the installed packages anew."""
    importlib.invalidate_caches()
    plugged_connectors.cache_clear()
