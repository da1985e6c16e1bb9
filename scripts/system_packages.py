"""Makes sure that the programs which the tests start are on the machine: a browser and database servers.

As root on Debian it installs what is missing; otherwise it names exactly that and fails. Add a row for a new engine.
Needs nothing but the standard library, since it runs before the locks are installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Debian package → where one of its files lies once installed (a pattern under /), and what wants it.
PACKAGES: dict[str, tuple[str, str]] = {
    "chromium": ("usr/bin/chromium", "browser tests"),
    "gcc": ("usr/bin/gcc", "building mysqlclient, MySQL's driver"),
    "libmariadb-dev": ("usr/include/mariadb/mysql.h", "building mysqlclient, MySQL's driver"),
    "mariadb-server": ("usr/sbin/mariadbd", "tests on MariaDB"),
    "openssh-server": ("usr/sbin/sshd", "tests on SFTP"),
    "pkg-config": ("usr/bin/pkg-config", "building mysqlclient, MySQL's driver"),
    "postgresql": ("usr/lib/postgresql/*/bin/postgres", "tests on PostgreSQL"),
    "redis-server": ("usr/bin/redis-server", "tests of Celery's executor"),
    "tdsodbc": ("usr/lib/*/odbc/libtdsodbc.so", "tests of the ODBC driver for Sybase ASE"),
}


def main() -> int:
    missing = find_missing()
    if not missing:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install_packages(missing)
        missing = find_missing()
    for package in missing:
        print(f"missing: {package} ({PACKAGES[package][1]})", file=sys.stderr)
    if missing:
        print(f"Run as root: apt-get update && apt-get install {' '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


def find_missing() -> list[str]:
    """The Debian packages whose file is not on this machine, in alphabetical order."""
    return sorted(package for package, (pattern, _) in PACKAGES.items() if not any(Path("/").glob(pattern)))


def install_packages(packages: list[str]) -> None:
    """The packages are installed, without starting their services.

    Raises:
        subprocess.CalledProcessError: when apt-get fails; its own words are on stderr by then.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    print(f"Installing Debian packages: {' '.join(packages)}", file=sys.stderr, flush=True)
    for arguments in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *arguments], env=environment, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
