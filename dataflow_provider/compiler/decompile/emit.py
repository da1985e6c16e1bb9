"""Drafts as the text of a pipeline file, in the canonical layout."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from dataflow_provider.compiler.decompile.drafts import Draft
from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.format import NODE_ORDER

_LINE = 110
_PLAIN = re.compile(r"[A-Za-z_(][^#\n]*")
_INDICATORS = re.compile(r"[\[\]{},]|: |:$|^\s|\s$| #")


def emit_node(node_id: str, draft: Draft, ids: Mapping[int, str], indent: int = 2) -> str:
    """Return the lines of one node below `nodes:`."""
    fields: dict[str, Any] = {"type": draft.type, "from": draft.from_(ids), **draft.fields}
    rank = {name: at for at, name in enumerate(NODE_ORDER)}
    ordered = sorted((item for item in fields.items() if item[1] is not None), key=lambda item: rank[item[0]])
    return (
        " " * indent + f"{scalar(node_id)}:\n" + "".join(emit_field(key, value, indent + 2) for key, value in ordered)
    )


def emit_field(key: str, value: Any, indent: int) -> str:
    """Return one key with its value, in one line where that is short."""
    margin = " " * indent
    name = scalar(key)
    if isinstance(value, str) and "\n" in value:
        lines = value.rstrip("\n").split("\n")
        return f"{margin}{name}: |\n" + "".join(f"{margin}  {line}".rstrip() + "\n" for line in lines)
    flow = f"{margin}{name}: {_flow(value)}\n"
    if not isinstance(value, Mapping | Sequence) or isinstance(value, str) or _is_short(flow, value):
        return flow if not isinstance(value, str) else f"{margin}{name}: {scalar(value)}\n"
    if isinstance(value, Mapping):
        return f"{margin}{name}:\n" + "".join(emit_field(one, inner, indent + 2) for one, inner in value.items())
    return f"{margin}{name}:\n" + "".join(f"{margin}  - {_flow(one)}\n" for one in value)


def _is_short(flow: str, value: Any) -> bool:
    texts = value.values() if isinstance(value, Mapping) else value
    simple = all(not isinstance(one, str) or re.fullmatch(r"[\w. ]+", one) for one in texts)
    return len(flow) <= _LINE and (simple or (len(value) == 1 and not isinstance(value, Mapping)))


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key, flow=True)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return scalar(value, flow=True)
    return json.dumps(value)


def scalar(text: str, *, flow: bool = False) -> str:
    """Return a text so that every YAML reader takes it for that text: plain where it can be, else quoted."""
    if _PLAIN.fullmatch(text) and not (flow and _INDICATORS.search(text)):
        document = read_document(f"k: {text}\n")
        if not document.faults and not document.ambiguous and document.data == {"k": text}:
            return text
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return (
        json.dumps(text, ensure_ascii=False) if text.isprintable() else str(yaml.safe_dump(text, width=1 << 30)).strip()
    )
