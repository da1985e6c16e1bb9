"""Rows and profiles of any node, read by the compile code of a run; nothing is ever written."""
