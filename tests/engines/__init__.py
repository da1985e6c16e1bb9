"""Real engines for tests: each starts on first use, on a free port of this machine, and stops with the tests."""
