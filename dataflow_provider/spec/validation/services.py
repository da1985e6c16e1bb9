"""REST services: pages are described as their kind needs, and requests stay below the connection's host."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.service_nodes import HttpSource, HttpTarget, Pagination
from dataflow_provider.spec.validation.subject import Path, Subject

_FIELDS = {
    "page": {"parameter", "start", "size_parameter", "size"},
    "offset": {"parameter", "start", "size_parameter", "size"},
    "cursor": {"parameter", "next"},
    "link": set(),
    "url": {"next"},
}
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def validate_services(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        if not isinstance(node, HttpSource | HttpTarget):
            continue
        path: Path = ("nodes", node_id)
        if "://" in node.path or node.path.startswith("//") or ".." in node.path.split("/"):
            message = f"`{node.path}` is no path below the connection's host."
            yield Problem("DF-HTTP-002", (*path, "path"), message, "Write the path alone, such as `v1/users`.")
        if isinstance(node, HttpSource) and node.pagination is not None:
            yield from _check_pages(node.pagination, (*path, "pagination"))
        for name in node.options.headers if node.options else ():
            if name.lower() in _SECRET_HEADERS:
                message = f"The header `{name}` holds a secret, which stands in the pipeline's file."
                hint = "Put it into the connection: its password, or `headers` of its extra."
                yield Problem("DF-HTTP-002", (*path, "options", "headers", name), message, hint, on_key=True)


def _check_pages(pages: Pagination, at: Path) -> Iterator[Problem]:
    allowed = _FIELDS[pages.kind]
    for name in ("parameter", "start", "size_parameter", "size", "next"):
        if name not in allowed and getattr(pages, name) is not None:
            message = f"`{name}` does nothing for `kind: {pages.kind}`."
            yield Problem("DF-HTTP-001", (*at, name), message, f"Delete `{name}`.", on_key=True)
        if name == "next" and name in allowed and pages.next is None:
            message = f"`kind: {pages.kind}` needs `next`: the path of the next one in the answer."
            yield Problem("DF-HTTP-001", at, message, "Write it, such as `next: meta.next`.")
