"""Models: how one is asked, what it costs, and what AI nodes and people get from it. Nothing here changes data."""
