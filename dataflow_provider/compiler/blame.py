"""Which nodes an engine cannot carry out: asked only when the statement made of all of them was refused."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.lowering.tree import identifier, select, star
from dataflow_provider.dialects.render import render
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.findings import Problem


def blame_nodes(scope: Lowering, head: str, refusal: AuthorError) -> CompileError:
    """Return the refusal at the nodes it speaks of: each that is refused by itself, else each that is inside another.

    When only all of them together are refused, the stage's last node has it.
    """
    found = [*_refused(scope, wrapped=False)] or [*_refused(scope, wrapped=True)]
    return CompileError(found or [_problem(head, refusal)])


def _refused(scope: Lowering, *, wrapped: bool) -> Iterator[Problem]:
    for (node, _), relation in scope.relations.items():
        body = scope.bodies.get(relation.parts[0]) if len(relation.parts) == 1 else None
        if body is None:
            continue
        query: exp.Query = body.copy()
        if wrapped:
            rows = exp.Subquery(this=query, alias=exp.TableAlias(this=identifier("x")))
            query = select([star()], rows).where(exp.true(), copy=False)
        try:
            render(query, scope.dialect)
        except AuthorError as error:
            yield _problem(node, error)


def _problem(node: str, error: AuthorError) -> Problem:
    return Problem(error.code, ("nodes", node), error.message, error.hint)
