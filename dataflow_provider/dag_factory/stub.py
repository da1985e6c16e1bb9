"""The text of a stub: the Python file that Airflow parses in place of one pipeline's YAML.

Two lines are ours (a comment and one call), the third says where the YAML stands, all others are the YAML as comments.
Nothing of the YAML can become code: every character that could end a comment line is escaped, and exactly undone.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

HEADER = "# DataFlow AI wrote this file for one Airflow Dag, from the pipeline below: edit the YAML, never this file."
CALL = "from dataflow_provider.dag_factory.loading import load_stub; dag = load_stub(__file__)"
_META = "# dataflow-stub: "

# An escaped character stands between two of these (U+241B, SYMBOL FOR ESCAPE) as its hexadecimal code point.
_ESCAPE = "\u241b"
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]+){_ESCAPE}")
# C0 but tab and newline, DEL and C1, line and paragraph separators, byte order mark, text-direction marks (they can
# make the shown order lie), lone surrogates (bytes that are not UTF-8), and the escape character itself.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff" + _ESCAPE + "]"
)


class NotAStubError(ValueError):
    """The text is not a stub of ours, or one without the YAML's text."""


@dataclass(frozen=True)
class Origin:
    """Where a stub's YAML stands; `root` is the pipelines folder, `rivals` are files of the same id elsewhere in it.

    `refused` says why the YAML's text was left out of the stub (too large, unreadable, a link out of the folder).
    """

    path: str
    root: str
    workspace: str
    rivals: tuple[str, ...] = ()
    refused: str | None = None

    @property
    def shown(self) -> str:
        """The path people are told: it starts with the name of the pipelines folder."""
        return self.path[len(os.path.dirname(self.root)) :].lstrip(os.sep)


def render_stub(origin: Origin, yaml: str) -> str:
    r"""Return the stub of a YAML text; bytes that are not UTF-8 come as surrogates (`errors="surrogateescape"`).

    >>> print(render_stub(Origin("/p/y/w/a.yaml", "/p/y", "w"), "a: 1\rb").splitlines()[3])
    # a: 1␛d␛b
    """
    lines = [HEADER, CALL, _META + json.dumps(asdict(origin), sort_keys=True)]
    if origin.refused is None:
        lines += [f"# {line}" if line else "#" for line in escape(yaml).split("\n")]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return the text on safe lines: what could end a comment or hide text becomes its code point in hexadecimal."""
    return _UNSAFE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):x}{_ESCAPE}", text)


def unescape(text: str) -> str:
    """Undo `escape`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if _ESCAPE in text else text


def read_stub(stub_text: str) -> tuple[Origin, str | None]:
    """Return where a stub's YAML stands and its exact text, None when the text was refused.

    Raises:
        NotAStubError: when the text is no stub.
    """
    lines = stub_text.split("\n")
    if len(lines) < 4 or lines[:2] != [HEADER, CALL] or not lines[2].startswith(_META):
        raise NotAStubError("the text is not a stub written by DataFlow AI")
    fields = json.loads(lines[2].removeprefix(_META))
    origin = Origin(**{**fields, "rivals": tuple(fields["rivals"])})
    if origin.refused is not None:
        return origin, None
    # The last line is empty: each line of the stub ends in a line feed.
    return origin, unescape("\n".join([line[2:] for line in lines[3:-1]]))


def extract_yaml(stub_text: str) -> str:
    """Return exactly the YAML text that the stub was rendered from.

    Raises:
        NotAStubError: when the text is no stub, or its YAML was refused.
    """
    yaml = read_stub(stub_text)[1]
    if yaml is None:
        raise NotAStubError("the stub holds no YAML")
    return yaml


def extract_origin(stub_text: str) -> Origin:
    """Return where the stub's YAML stands.

    Raises:
        NotAStubError: when the text is no stub.
    """
    return read_stub(stub_text)[0]


def extract_path(stub_text: str) -> Path:
    """Return the absolute path of the stub's YAML on the machine that wrote the stub.

    Raises:
        NotAStubError: when the text is no stub.
    """
    return Path(extract_origin(stub_text).path)
