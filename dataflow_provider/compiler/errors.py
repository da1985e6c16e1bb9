"""What the compiler refuses, all problems of a pipeline at once."""

from __future__ import annotations

from collections.abc import Iterable

from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.findings import Problem


class CompileError(AuthorError):
    """The pipeline is well formed and still cannot be carried out; `problems` holds every reason found.

    Doors that hold the file's text turn the problems into findings with `Loaded.finding`.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.code, first.message, place=Place(node=_node_of(first)), hint=first.hint)

    def __str__(self) -> str:
        return "\n".join(_line(problem) for problem in self.problems)


def _node_of(problem: Problem) -> str | None:
    path = problem.path
    return str(path[1]) if len(path) > 1 and path[0] == "nodes" else None


def _line(problem: Problem) -> str:
    node = _node_of(problem)
    place = f" (node `{node}`)" if node else ""
    hint = f" {problem.hint}" if problem.hint else ""
    return f"{problem.code}: {problem.message}{place}{hint}"
