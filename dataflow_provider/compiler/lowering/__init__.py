"""Nodes as SQL trees: one file per family of node types, each offering functions `(Lowering, GraphNode) -> …`."""
