"""Runs a pipeline and dies by SIGKILL before its n-th statement, for every n; a program of its own.

Argument: a JSON file with `root`, `pipeline` (path of the YAML), `before`, `after` (allowed contents of the target) and
`read` (the query that reads it). Each try is a forked child, so that what is killed is a whole process. Prints a JSON
object: how many tries were killed, and every violation found.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.connectors.impl.duckdb import DuckDBSession
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import Project

VALUES = RunValues("r1", None, datetime(2026, 1, 1), datetime(2026, 1, 2), workspace="w")
LIMIT = 200


def die_before(number: int) -> None:
    """From now on the process kills itself before its n-th statement: an answer of the one before is lost."""
    run_one = DuckDBSession._run
    seen = 0

    def counted(self: DuckDBSession, sql: str) -> Any:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return run_one(self, sql)

    patch.object(DuckDBSession, "_run", counted).start()


def in_child(work: Callable[[], None]) -> int:
    """Return how the child ended: 0, or the signal that killed it as a negative number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(plan: Plan, project: Project) -> None:
    result = run_pipeline(plan, VALUES, EnvironmentConnections(project.warehouse, environment={}), project)
    for error in result.errors.values():
        raise error


def contents(warehouse: Path, query: str) -> list[list[Any]]:
    with duckdb.connect(str(warehouse)) as raw:
        return [list(row) for row in raw.execute(query).fetchall()]


def look_retry_look(plan: Plan, project: Project, query: str, answer: Path) -> None:
    """What a crash has left, and what stands after a retry, is in the answer file."""
    left = contents(project.warehouse, query)
    run(plan, project)
    answer.write_text(json.dumps({"left": left, "retried": contents(project.warehouse, query)}))


def main(case: dict[str, Any]) -> dict[str, Any]:
    root = Path(case["root"])
    answer = root / "answer.json"
    plan = plan_pipeline(load_pipeline(Path(case["pipeline"])).require())
    project = Project(root, "w", (root,), root / "warehouse.duckdb")
    killed, violations = 0, []
    for number in range(1, LIMIT):
        for leftover in root.glob("warehouse.duckdb*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        shutil.copy(root / "fresh.duckdb", project.warehouse)
        answer.unlink(missing_ok=True)

        def die(number: int = number) -> None:
            die_before(number)
            run(plan, project)

        ended = in_child(die)
        if in_child(lambda: look_retry_look(plan, project, case["read"], answer)) or not answer.exists():
            violations.append({"at": number, "retry": "failed"})
            continue
        found = json.loads(answer.read_text())
        if found["left"] not in (case["before"], case["after"]) or found["retried"] != case["after"]:
            violations.append({"at": number, **found})
        if ended == 0:
            return {"killed": killed, "violations": violations}
        killed += 1
    return {"killed": killed, "violations": [*violations, "never finished"]}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
