"""SQL text back to nodes: any SELECT as a graph of nodes, and our own script as the pipeline it was made from."""
