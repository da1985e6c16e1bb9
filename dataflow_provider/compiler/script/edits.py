"""What differs between the script of a file and the script that people edited: WITH queries, targets, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import as_id, fresh
from dataflow_provider.compiler.script.view import (
    Cte,
    Rows,
    Statement,
    View,
    as_written,
    canonical,
    find_rows,
    is_local,
)
from dataflow_provider.compiler.sqltext import SqlTextError, parse_any
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError, Place


@dataclass
class Edits:
    """`names` maps every WITH query of the edited script to its rows; those of `added` are nodes yet to be made."""

    file: str
    names: dict[str, Rows] = field(default_factory=dict)
    changed: dict[Rows, Cte] = field(default_factory=dict)
    added: dict[Rows, Cte] = field(default_factory=dict)
    gone: set[Rows] = field(default_factory=set)
    connections: dict[Rows, str] = field(default_factory=dict)
    outputs: dict[Rows, Statement] = field(default_factory=dict)
    new_targets: list[Statement] = field(default_factory=list)
    lost_targets: list[str] = field(default_factory=list)

    @contextmanager
    def placed(self, node: str, line: int, text: str) -> Iterator[None]:
        """Tell what is wrong with a text by its place in the script."""
        try:
            yield
        except SqlTextError as error:
            before = text[: error.offset or 0]
            indent = len(before) - before.rfind("\n")
            place = Place(self.file, line + before.count("\n"), indent, node)
            raise AuthorError(error.code, error.message, place=place, hint=error.hint) from error

    def refuse(self, node: str, what: str, hint: str) -> AuthorError:
        return AuthorError("DF-CONV-022", what, place=Place(self.file, node=node or None), hint=hint)


def find_edits(old: Sequence[Statement], new: Sequence[Statement], view: View, file: str) -> Edits:
    """Return what was edited; a WITH query that stands in several statements is edited when one copy is.

    Raises:
        AuthorError: DF-CONV-021 for copies edited in two ways; the place of a text that cannot be read.
    """
    edits = Edits(file)
    known = {cte.rows: cte for one in old for cte in one.ctes}
    _name_all(edits, new, view)
    for statement in new:
        dialect = view.connections[statement.connection]
        for cte in statement.ctes:
            rows = edits.names[cte.name]
            edits.connections[rows] = statement.connection
            _compare(edits, cte, rows, known.get(rows), view, dialect)
    edits.gone = {rows for rows in known if rows is not None} - set(edits.names.values())
    _refuse_gone(edits, new, view)
    _compare_statements(edits, old, new, view)
    return edits


def _name_all(edits: Edits, new: Sequence[Statement], view: View) -> None:
    """Give every WITH query its rows: those of its mark, else a new node called like it."""
    nodes = view.lowered.pipeline.nodes
    for statement in new:
        for cte in statement.ctes:
            rows = cte.rows if cte.rows is not None and cte.rows[0] in nodes else None
            before = find_rows(cte.name, edits.names)
            if rows is None:
                taken = [*nodes, *(node for node, _ in edits.names.values())]
                rows = before or (fresh(as_id(cte.name), taken), None)
            if before is not None and before != rows:
                raise AuthorError(
                    "DF-CONV-021",
                    f"two nodes are called `{cte.name}` in this script",
                    place=Place(edits.file, cte.line, node=rows[0]),
                    hint="Give each WITH query a name of its own.",
                )
            edits.names[cte.name] = rows


def _compare(edits: Edits, cte: Cte, rows: Rows, old: Cte | None, view: View, dialect: SqlDialect) -> None:
    if old is not None and old.body == cte.body and old.name.casefold() == cte.name.casefold():
        return
    with edits.placed(rows[0], cte.line, cte.body):
        text = canonical(cte.body, dialect, edits.names)
        if old is not None:
            same_rows = canonical(old.body, dialect, view.lowered.names) == text
            written = as_written(view.lowered, view.graph.nodes[rows[0]]) is not None
            if same_rows and (not written or old.body == cte.body):
                return
        found = edits.changed if old is not None else edits.added
        before = found.setdefault(rows, cte)
        if canonical(before.body, dialect, edits.names) != text:
            raise AuthorError(
                "DF-CONV-021",
                f"`{cte.name}` is edited in two ways in this script",
                place=Place(edits.file, cte.line, node=rows[0]),
                hint="Edit its copies in the statements alike, or one of them only.",
            )


def _refuse_gone(edits: Edits, new: Sequence[Statement], view: View) -> None:
    """A name that lost its WITH query would be taken for a real table."""
    lost = {name: rows for name, rows in view.lowered.names.items() if rows in edits.gone}
    for statement in new:
        dialect = view.connections[statement.connection]
        own = {cte.name.casefold() for cte in statement.ctes}
        for name, text in [*((cte.name, cte.body) for cte in statement.ctes), ("", statement.query)]:
            for table in tables_of(parse_any(text, dialect)):
                rows = find_rows(table.name, lost) if not table.db else None
                if rows is not None and table.name.casefold() not in own:
                    raise edits.refuse(
                        rows[0],
                        f"`{table.name}` has no WITH query any more, and `{name or 'the last SELECT'}` still reads it",
                        "Put it back, or let its readers read something else.",
                    )


def tables_of(tree: exp.Expr) -> Iterator[exp.Table]:
    """Yield the tables that a query reads, its own WITH queries aside."""
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Func) and not is_local(table):
            yield table


def _compare_statements(edits: Edits, old: Sequence[Statement], new: Sequence[Statement], view: View) -> None:
    before = {statement.rows: statement for statement in old}
    targets = {rows for rows in before if rows is not None and rows not in view.lowered.names.values()}
    for statement in new:
        rows = statement.rows
        known = before.pop(rows, None) if rows is not None else None
        if rows is None or known is None:
            edits.new_targets.append(statement)
        elif not _is_same(edits, known, statement, view, view.connections[statement.connection]):
            if rows not in targets:
                raise edits.refuse(
                    rows[0],
                    "this statement gives the rows of one node as they are",
                    "Change the WITH query of the node.",
                )
            edits.outputs[rows] = statement
    edits.lost_targets = [rows[0] for rows in before if rows is not None and rows in targets]


def _is_same(edits: Edits, known: Statement, statement: Statement, view: View, dialect: SqlDialect) -> bool:
    if not _is_one_name(statement.table, known.table, dialect):
        return False
    with edits.placed((statement.rows or ("", None))[0], statement.line, statement.query):
        now = canonical(statement.query, dialect, edits.names)
    return canonical(known.query, dialect, view.lowered.names) == now


def _is_one_name(one: str | None, other: str | None, dialect: SqlDialect) -> bool:
    if one is None or other is None:
        return one == other
    trees = [exp.to_table(text, dialect=dialect.sqlglot) for text in (one, other)]
    return [part.name for part in trees[0].parts] == [part.name for part in trees[1].parts]


def dialect_of(view: View, edits: Edits, rows: Rows) -> SqlDialect:
    """Return the dialect of rows, of new ones by the section their WITH query stands in."""
    at: Mapping[str, SqlDialect] = view.connections
    return at[edits.connections[rows]] if rows in edits.connections else view.lowered.dialect_of(rows[0])
