"""How rows reach a table: one file a mode, all through a stage table, checks and one atomic publish."""
