"""Names of the tables in which a run keeps rows: the same for every try of a run, different between runs."""

from __future__ import annotations

from hashlib import blake2s

from dataflow_provider.compiler.values import RunValues

MAX_LENGTH = 30
"""The shortest limit among the engines (Oracle before 12.2, Teradata's classic names)."""


def stage_table_name(pipeline_id: str, values: RunValues, node: str, port: str | None) -> str:
    """Return `df_<hash>_<node>`, at most 30 characters.

    The hash keeps workspaces, environments, pipelines, runs, nodes and ports apart.
    """
    parts = (values.workspace, pipeline_id, values.environment, values.run_id, node, port or "")
    digest = blake2s("\0".join(parts).encode(), digest_size=5).hexdigest()
    return f"df_{digest}_{node if port is None else f'{node}_{port}'}"[:MAX_LENGTH]
