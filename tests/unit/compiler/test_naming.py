"""Names by which runs are kept apart: nothing that is alike may have one name."""

from __future__ import annotations

from dataflow_provider.compiler.naming import MAX_LENGTH, stage_table_name
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.write_modes.context import MAX_MARKER, run_marker

LONG = "a" * 199
# workspace, pipeline, environment, run, node, port
LOOK_ALIKE: list[tuple[str, str, str, str, str, str | None]] = [
    ("w", "p", "", "r1", "n", None),
    ("w", "p", "dev", "r1", "n", None),
    ("w", "p", "prod", "r1", "n", None),
    ("dev", "p", "", "r1", "n", None),
    ("w", "p_n", "", "r1", "n", None),
    ("w_p", "n", "", "r1", "n", None),
    ("w/p", "n", "", "r1", "n", None),
    ("W", "p", "", "r1", "n", None),
    ("w", "p", "", "R1", "n", None),
    ("w", "p", "", "r1.n", "n", None),
    ("w", "p", "", "r1", "n", "rejected"),
    ("w", "p", "", "r1", "n_rejected", None),
    ("w", "p", "", "r", "n1", None),
    ("cafe", "p", "", "r1", "n", None),
    ("caf\u00e9", "p", "", "r1", "n", None),
    ("cafe\u0301", "p", "", "r1", "n", None),
    ("w", f"{LONG}b", "", "r1", "n", None),
    ("w", f"{LONG}c", "", "r1", "n", None),
    ("w", "p", "", f"{LONG}b", "n" * 63, None),
    ("w", "p", "", f"{LONG}c", "n" * 63, None),
    ("w", "p", "", f"{LONG}c", "n" * 62, None),
]


def test_runs_that_look_alike_never_share_a_stage_table() -> None:
    # Names of tables are compared without regard to case.
    assert len({name_of(one).lower() for one in LOOK_ALIKE}) == len(LOOK_ALIKE)


def test_stage_table_names_are_short_and_plain() -> None:
    assert all(name_of(one).isascii() and len(name_of(one)) <= MAX_LENGTH for one in LOOK_ALIKE)


def test_run_markers_of_runs_that_look_alike_differ() -> None:
    # Every run has a workspace, and a marker is a target's, which has no ports.
    markers = [run_marker(run, pipeline, node, w, env) for w, pipeline, env, run, node, port in LOOK_ALIKE if not port]
    assert len(set(markers)) == len(markers)


def test_run_markers_that_are_too_long_are_cut_and_still_differ() -> None:
    markers = {run_marker("r" * 250, "p" * 200, node * 63, "w" * 200, "prod") for node in "ab"}
    assert len(markers) == 2
    assert {len(one) for one in markers} == {MAX_MARKER}


def name_of(one: tuple[str, str, str, str, str, str | None]) -> str:
    workspace, pipeline, environment, run, node, port = one
    return stage_table_name(pipeline, RunValues(run, workspace=workspace, environment=environment), node, port)
