"""Advice as a change of the YAML, shown as a diff and never applied here.

A patch is offered only when the node is known, the changed file still validates and says something else.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dataflow_provider.spec.edit import edited_text
from dataflow_provider.spec.findings import has_errors
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import Loaded, parse_pipeline

Node = dict[str, Any]
Change = Callable[[Node, str], bool]
"""Changes the node by what the cited text says; returns whether it changed anything."""


@dataclass(frozen=True)
class Patch:
    """A change of one node, and what it is made for."""

    kind: str
    root_cause: str
    node: str | None
    cited: str


def patch_of(patch: Patch, loaded: Loaded) -> str | None:
    """Return a unified diff of the pipeline's file, or None when this advice is no change of it."""
    changed = _changed_text(patch, loaded)
    return None if changed is None else _diff(loaded, changed)


def apply_patch(patch: Patch, loaded: Loaded) -> str | None:
    """Return the file's text with the change in it, in canonical layout where the text is; None where it is none."""
    changed = _changed_text(patch, loaded)
    if changed is None or has_errors(parse_pipeline(changed, loaded.file).findings):
        return None
    return format_pipeline(changed) if format_pipeline(loaded.text) == loaded.text else changed


def _changed_text(patch: Patch, loaded: Loaded) -> str | None:
    change = CHANGES.get((patch.kind, patch.root_cause)) or CHANGES.get((patch.kind, ""))
    node = patch.node
    if change is None or loaded.pipeline is None or node is None or node not in loaded.pipeline.nodes:
        return None
    done: list[bool] = []
    text = edited_text(loaded, lambda document: done.append(change(document["nodes"][node], patch.cited)))
    return text if done[0] else None


def _diff(loaded: Loaded, changed: str) -> str | None:
    after = parse_pipeline(changed, loaded.file)
    if has_errors(after.findings):
        return None
    before, then = format_pipeline(loaded.text), format_pipeline(changed)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), then.splitlines(keepends=True), loaded.file, loaded.file
    )
    return "".join(lines) or None


# ---------------------------------------------------------------- changes


def _retry(node: Node, cited: str) -> bool:
    if int(node.get("retries") or 0) >= 3 and node.get("retry_backoff"):
        return False
    node["retries"] = max(3, int(node.get("retries") or 0))
    node.setdefault("retry_delay", "2m")
    node["retry_backoff"] = True
    return True


def _longer(node: Node, cited: str) -> bool:
    written = str(node.get("timeout") or "1h")
    number, unit = int("".join(filter(str.isdigit, written)) or 1), written.lstrip("0123456789") or "h"
    node["timeout"] = f"{number * 2}{unit}"
    return True


def _smaller(node: Node, cited: str) -> bool:
    for field in ("fetch_size", "batch_size"):
        if isinstance(node.get(field), int) and node[field] > 1000:
            node[field] = node[field] // 2
            return True
    if str(node.get("type", "")).startswith("source.") and "table" in node and "fetch_size" not in node:
        node["fetch_size"] = 10_000
        return True
    return False


def _fewer_connections(node: Node, cited: str) -> bool:
    partition = node.get("partition")
    if isinstance(partition, dict) and int(partition.get("count") or 0) > 1:
        partition["count"] = max(1, int(partition["count"]) // 2)
        return True
    return False


def _follow_drift(node: Node, cited: str) -> bool:
    if not str(node.get("type", "")).startswith("target.") or node.get("on_schema_drift") == "add":
        return False
    node["on_schema_drift"] = "add"
    return True


def _create(node: Node, cited: str) -> bool:
    if not str(node.get("type", "")).startswith("target."):
        return False
    node.setdefault("create", {})["if_missing"] = True
    return True


def _reject_casts(node: Node, cited: str) -> bool:
    changed = False
    for column in node.get("columns") or () if node.get("type") == "transform.select" else ():
        if isinstance(column, dict) and "cast" in column and column.get("on_error", "fail") == "fail":
            column["on_error"] = "null"
            changed = True
    return changed


def _reject_records(node: Node, cited: str) -> bool:
    if node.get("type") not in ("source.file", "source.sftp") or node.get("on_bad_record", "fail") != "fail":
        return False
    node["on_bad_record"] = "skip"
    return True


def _delimiter(node: Node, cited: str) -> bool:
    counts = {mark: cited.count(mark) for mark in (";", "|", "\t")}
    best = max(counts, key=lambda mark: counts[mark])
    options = node.get("options") or {}
    if node.get("format") != "csv" or counts[best] < 2 or options.get("delimiter") == best:
        return False
    node.setdefault("options", {})["delimiter"] = best
    return True


def _encoding(node: Node, cited: str) -> bool:
    if node.get("format") not in ("csv", "json") or (node.get("options") or {}).get("encoding"):
        return False
    node.setdefault("options", {})["encoding"] = "latin-1"
    return True


CHANGES: Mapping[tuple[str, str], Change] = MappingProxyType(
    {
        ("retry_backoff", ""): _retry,
        ("raise_timeout", "airflow_task_timeout"): _longer,
        ("smaller_batches", ""): _smaller,
        ("limit_concurrency", "connection_limit"): _fewer_connections,
        ("fix_mapping_or_sql", "schema_drift"): _follow_drift,
        ("alter_target_schema", "object_not_found"): _create,
        ("clean_or_filter_data", "type_cast_error"): _reject_casts,
        ("clean_or_filter_data", "date_parse_error"): _reject_casts,
        ("clean_or_filter_data", "bad_file_format"): _reject_records,
        ("fix_path_or_file_format", "bad_file_format"): _delimiter,
        ("fix_path_or_file_format", "encoding_error"): _encoding,
    }
)
"""Kind and root cause (empty: any) → the change."""
