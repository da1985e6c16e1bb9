"""One file a connector; reached by dotted name through the registry."""
