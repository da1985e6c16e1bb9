"""Names of our own: of the tables in which a run keeps rows, and of the queries inside a statement."""

from __future__ import annotations

from hashlib import blake2s

from dataflow_provider.compiler.values import RunValues

MAX_LENGTH = 30
"""The shortest limit of a table's name among the engines (Oracle before 12.2, Teradata's classic names)."""
MAX_QUERY_LENGTH = 63
"""PostgreSQL cuts longer names without an error, so that two of them become one; a node's id alone always fits."""


def stage_table_name(pipeline_id: str, values: RunValues, node: str, port: str | None) -> str:
    """Return `df_<hash>_<node>`, at most 30 characters: the same for every try of a run.

    The hash keeps workspaces, environments, pipelines, runs, nodes and ports apart.
    """
    parts = (values.workspace, pipeline_id, values.environment, values.run_id, node, port or "")
    digest = blake2s("\0".join(parts).encode(), digest_size=5).hexdigest()
    return f"df_{digest}_{node if port is None else f'{node}_{port}'}"[:MAX_LENGTH]


def query_name(wanted: str) -> str:
    """Return the name for a query inside a statement; one that is too long ends in a hash of the whole.

    >>> query_name("orders__rejected")
    'orders__rejected'
    >>> long = query_name("n" * 60 + "__rejected")
    >>> len(long), long == query_name("n" * 60 + "__rejects")
    (63, False)
    """
    if len(wanted.encode()) <= MAX_QUERY_LENGTH:
        return wanted
    digest = blake2s(wanted.encode(), digest_size=5).hexdigest()
    kept = wanted.encode()[: MAX_QUERY_LENGTH - len(digest) - 1].decode(errors="ignore")
    return f"{kept}_{digest}"
