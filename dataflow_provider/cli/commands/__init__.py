"""One module per command, imported only when that command is called: `add_arguments(parser)` and `run(args) -> int`."""
