"""`dataflow fmt PATH…`: pipeline files in canonical layout. A file that does not load is left as it is."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from dataflow_provider.cli.output import print_json
from dataflow_provider.cli.paths import find_pipeline_files
from dataflow_provider.spec.findings import Finding
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import load_pipeline


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="pipeline files, or folders of them")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not in layout")


def run(args: argparse.Namespace) -> int:
    """Format the files; exit 1 when one does not load or, with `--check`, is not in layout.

    JSON: `{"ok": bool, "changed": [path…], "unchanged": [path…], "findings": [finding…]}`; with `--check`, `changed`
    lists what would change.
    """
    changed: list[str] = []
    unchanged: list[str] = []
    findings: list[Finding] = []
    for path in find_pipeline_files(args.paths):
        loaded = load_pipeline(path)
        if loaded.pipeline is None:
            findings.extend(loaded.findings)
            continue
        before = path.read_bytes()
        after = format_pipeline(loaded.text).encode()
        (unchanged if before == after else changed).append(str(path))
        if before != after and not args.check:
            _replace(path, after)
    ok = not findings and not (args.check and changed)
    if args.json:
        listed = [finding.to_json() for finding in findings]
        print_json({"ok": ok, "changed": changed, "unchanged": unchanged, "findings": listed})
    else:
        _print(changed, unchanged, findings, check=args.check)
    return 0 if ok else 1


def _replace(path: Path, content: bytes) -> None:
    """The file holds the content or, after a crash, still the old one; its mode is kept and a link is followed."""
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, target.stat().st_mode)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _print(changed: list[str], unchanged: list[str], findings: list[Finding], *, check: bool) -> None:
    for path in changed:
        sys.stdout.write(f"{'would format' if check else 'formatted'} {path}\n")
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    sys.stdout.write(f"{len(changed)} {'to format' if check else 'formatted'}, {len(unchanged)} unchanged\n")
