"""A change of one pipeline's file: comments and layout stay, the result is valid, and nobody's edit is overwritten."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.loader import Loaded


def text_hash(text: str) -> str:
    """Return the hash by which a change names the text that it was made for."""
    return sha256(text.encode()).hexdigest()


def edited_text(loaded: Loaded, change: Callable[[dict[str, Any]], None]) -> str:
    """Return the file's text after `change` has been made to its document; what it does not touch stays as written."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(loaded.text)
    change(document)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def block_text(text: str) -> str:
    """Return a text that is written as a block where it has several lines."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return LiteralScalarString("\n".join(lines) + "\n") if len(lines) > 1 else text.strip()


def write_guarded(path: Path, expected_hash: str, text: str) -> None:
    """The file holds the text; its mode is kept and a link is followed. After a crash it is the old one or the new.

    Raises:
        AuthorError: `DF-EDIT-001` when the file is not the one that the change was made for.
    """
    target = Path(os.path.realpath(path))
    if text_hash(target.read_text(encoding="utf-8")) != expected_hash:
        raise AuthorError(
            "DF-EDIT-001",
            "the file was edited since this change was made for it",
            place=Place(file=str(path)),
            hint="Ask for the change again.",
        )
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        os.chmod(name, target.stat().st_mode)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
