"""Rows between connections: by a file of Arrow batches, or straight where both sides speak one binary form."""
