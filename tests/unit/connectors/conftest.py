"""Packages with connectors, as pip would leave them on the path."""

from __future__ import annotations

from tests.engines.packages import InstallPackage, install_package

__all__ = ["InstallPackage", "install_package"]
