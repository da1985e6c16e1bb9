"""Child process: fills one DagBag and prints CPU seconds as JSON, so that no corpus warms up another."""

from __future__ import annotations

import json
import sys
import time


def main(dag_folder: str, warm_up_folder: str, single: str | None = None) -> None:
    """Import everything on a corpus of one Dag first, then measure the fill of `dag_folder` (or of one file)."""
    from airflow.dag_processing.dagbag import DagBag

    warm = DagBag(dag_folder=warm_up_folder, load_op_links=False)
    if warm.import_errors or not warm.dags:
        raise SystemExit(f"warm-up failed: {warm.import_errors}")
    started = time.process_time()
    bag = DagBag(dag_folder=single or dag_folder, load_op_links=False)
    cpu_s = time.process_time() - started
    if bag.import_errors:
        raise SystemExit(f"import errors: {dict(list(bag.import_errors.items())[:3])}")
    tasks = {len(dag.tasks) for dag in bag.dags.values()}
    sys.stdout.write(json.dumps({"dags": len(bag.dags), "tasks": sorted(tasks), "cpu_s": cpu_s}))


if __name__ == "__main__":
    main(*sys.argv[1:])
