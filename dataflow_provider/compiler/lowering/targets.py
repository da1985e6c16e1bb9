"""What an author wrote at a table's target, its values bound: hooks and the condition of a merge."""

from __future__ import annotations

from dataflow_provider.compiler.bind import bind_text
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Path
from dataflow_provider.compiler.sqltext import SqlTextError, named_places
from dataflow_provider.connectors.author_sql import check_author_sql
from dataflow_provider.dialects.render import render
from dataflow_provider.errors import AuthorError, TerminalError
from dataflow_provider.spec.nodes import Hook, SqlTarget
from dataflow_provider.write_modes.support import find_unsupported_writes


def bind_target(scope: Lowering, node: GraphNode, spec: SqlTarget) -> SqlTarget:
    """Return the target with this run's values in its hooks and in `delete_when`; without values it is only checked."""
    hooks = {
        name: tuple(_hook(scope, node, (name, at), hook) for at, hook in enumerate(getattr(spec, name)))
        for name in ("pre_sql", "post_sql")
    }
    for found in find_unsupported_writes(spec, scope.dialect):
        scope.problem(node.id, found.path, found.code, found.message, found.hint)
    write = spec.write
    if write.delete_when is not None:
        columns = scope.input(node.inputs[0]).columns
        condition = scope.expression(node.id, ("write", "delete_when"), write.delete_when, {"": columns})
        write = write.model_copy(update={"delete_when": render(condition, scope.dialect)})
    return spec.model_copy(update={**hooks, "write": write})


def _hook(scope: Lowering, node: GraphNode, path: Path, hook: str | Hook) -> Hook:
    """A hook may be any statement, so it stays as written; only `:name` is replaced, by a literal, where it stands."""
    whole = hook if isinstance(hook, Hook) else Hook(sql=hook)
    at = path if isinstance(hook, str) else (*path, "sql")
    try:
        places = list(named_places(whole.sql, scope.dialect))
        check_author_sql(whole.sql, scope.dialect.sqlglot, scope.dialect.author_rules)
    except SqlTextError as exc:
        scope.problem(node.id, at, exc.code, exc.message, exc.hint, exc.offset)
        return whole
    except (AuthorError, TerminalError) as exc:
        scope.problem(node.id, at, "DF-HOOK-003", exc.message, exc.hint)
        return whole
    if scope.report_undeclared(node.id, at, places) or scope.values is None:
        return whole
    bound = scope.bound(node.id, at, lambda values: bind_text(whole.sql, places, scope.pipeline, values, scope.dialect))
    return whole if bound is None else whole.model_copy(update={"sql": bound})
