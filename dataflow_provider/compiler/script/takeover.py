"""An edited script back to its pipeline file: what was not edited stays to the byte.

Every guess about a node's fields is proved: the file with them is lowered anew and must give the SQL that people wrote.
What no fields of the node say becomes an SQL node with that text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.check import check_pipeline
from dataflow_provider.compiler.decompile.drafts import as_id, fresh
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import EMBEDDED
from dataflow_provider.compiler.script.edits import Edits, dialect_of, find_edits, tables_of
from dataflow_provider.compiler.script.fields import Reading, guess_fields, spell_table
from dataflow_provider.compiler.script.holes import fill_holes
from dataflow_provider.compiler.script.patch import PipelineText
from dataflow_provider.compiler.script.read import Script, read_statements, split_script
from dataflow_provider.compiler.script.view import (
    Cte,
    Rows,
    Statement,
    View,
    canonical,
    cte_of,
    lower_pipeline,
    spell_rows,
    view_pipeline,
)
from dataflow_provider.compiler.script.write import write_script
from dataflow_provider.compiler.sqltext import SqlTextError, parse_any
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.document import read_document
from dataflow_provider.spec.edges import inputs_of
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Problem, Severity, has_errors
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import Loaded, parse_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import AiSql, NodeBase, SqlTarget

_OWN_QUERY = ("transform.sql", "ai.sql")
_TRIED = (
    "transform.filter", "transform.select", "transform.join", "transform.aggregate", "transform.sort",
    "transform.deduplicate", "transform.union", "transform.expression",
)  # fmt: skip
# Fields that every kind of node has, so that they outlive a change of its kind.
_KEPT = frozenset(NodeBase.model_fields) - {"type", "from_"}


@dataclass(frozen=True)
class TakenOver:
    """The file, and what the reader should know of it."""

    text: str
    findings: tuple[Finding, ...]


def to_script(loaded: Loaded) -> str:
    """Return a pipeline file as a script.

    Raises:
        InvalidPipelineError: when the file, or the SQL in it, is not valid.
    """
    text = format_pipeline(loaded.text)
    try:
        return write_script(view_pipeline(loaded.require()), text)
    except CompileError as error:
        raise InvalidPipelineError(loaded.finding(problem) for problem in error.problems) from error


def take_over(script: Script, file: str) -> TakenOver:
    """Return the pipeline file of a script, with the edits of its SQL.

    Raises:
        AuthorError: for an edit that no nodes can say; `InvalidPipelineError` when the file would not be valid.
    """
    if script.file is None:
        raise AuthorError(
            "DF-CONV-023",
            "the script does not carry its pipeline file any more",
            place=Place(file),
            hint="Keep the comment at its end; make the script anew with `dataflow convert FILE.yaml --to sql`.",
        )
    base = _parse_carried(script.file)
    view = _view(base)
    text = PipelineText(format_pipeline(base.text))
    written = split_script(write_script(view, text.text))
    if written.sql.split() == script.sql.split() and written.sql.rstrip() == script.sql.rstrip():
        return TakenOver(text.text, ())
    old = read_statements(written.sql, view.connections, file)
    new = read_statements(script.sql, view.connections, file)
    edits = find_edits(old, new, view, file)
    _Taker(view, edits, text).apply()
    return _checked(format_pipeline(text.text), edits, new, view)


def _parse_carried(text: str) -> Loaded:
    """Return the file that a script carries; it goes by its id, whatever the script is called."""
    data = read_document(text).data
    name = data.get("id") if isinstance(data, Mapping) else None
    return parse_pipeline(text, f"{name or 'pipeline'}.yaml")


def _view(base: Loaded) -> View:
    try:
        return view_pipeline(base.require())
    except CompileError as error:
        raise InvalidPipelineError(base.finding(problem) for problem in error.problems) from error


# ---------------------------------------------------------------- the result


def _checked(text: str, edits: Edits, new: tuple[Statement, ...], view: View) -> TakenOver:
    loaded = parse_pipeline(text, f"{view.lowered.pipeline.id}.yaml")
    findings = list(loaded.findings)
    if loaded.pipeline is not None and not has_errors(findings):
        findings += [loaded.finding(problem) for problem in check_pipeline(loaded.pipeline)]
    if has_errors(findings):
        raise InvalidPipelineError(findings)
    differing = _differing(loaded.require(), edits, new, view)
    return TakenOver(text, tuple(findings + [loaded.finding(_follows(*one)) for one in differing]))


def _differing(pipeline: Pipeline, edits: Edits, new: tuple[Statement, ...], view: View) -> Iterator[tuple[Rows, str]]:
    """Yield the rows that the pipeline computes in another way than the script, since another node was edited."""
    lowered = lower_pipeline(pipeline)
    made = {rows: name for name, rows in lowered.names.items()}
    seen: set[Rows] = set()
    for statement in new:
        dialect = view.connections[statement.connection]
        for cte in statement.ctes:
            rows = edits.names[cte.name]
            if rows not in made or rows in seen:
                continue
            body = cte_of(lowered, made[rows]).body
            if canonical(body, dialect, lowered.names) != canonical(cte.body, dialect, edits.names):
                seen.add(rows)
                yield rows, body


def _follows(rows: Rows, body: str) -> Problem:
    shown = " ".join(body.split())
    return Problem(
        "DF-CONV-025",
        ("nodes", rows[0]),
        f"`{spell_rows(rows)}` is not as this script has it, since it follows from another edit: "
        f"{shown[:200]}{' …' if len(shown) > 200 else ''}",
        "Make the script anew to see the pipeline as it is now.",
        severity=Severity.WARNING,
    )


# ---------------------------------------------------------------- applying the edits


class _Taker:
    """Applies edits to the text of a file, node by node, inputs first."""

    def __init__(self, view: View, edits: Edits, text: PipelineText) -> None:
        self._view = view
        self._edits = edits
        self._text = text

    def apply(self) -> None:
        for rows, cte in self._edits.added.items():
            self._add(rows[0], cte.body, cte.line, self._edits.connections[rows], self._reader_of(cte.name))
        order = list(self._view.graph.nodes)
        for rows, cte in sorted(self._edits.changed.items(), key=lambda one: order.index(one[0][0])):
            with self._edits.placed(rows[0], cte.line, cte.body):
                self._change(rows, cte)
        for rows, statement in self._edits.outputs.items():
            self._output(rows[0], statement)
        for statement in self._edits.new_targets:
            self._add_target(statement)
        for target in self._edits.lost_targets:
            self._text.remove_node(target)
        self._remove_unread()

    def _reading(self, dialect: SqlDialect) -> Reading:
        return Reading(dialect, self._edits.names)

    # ------------------------------------------------------------ one node

    def _change(self, rows: Rows, cte: Cte) -> None:
        node = rows[0]
        dialect = dialect_of(self._view, self._edits, rows)
        data = self._text.fields(node)
        spec = self._view.lowered.pipeline.nodes[node]
        if spec.type.startswith(("quality.", "ai.")) and not (isinstance(spec, AiSql) and spec.query):
            raise self._edits.refuse(
                node,
                f"`{node}` is a `{spec.type}`, whose work is not in this SQL",
                "Change it in the YAML, or write a WITH query of your own that reads it.",
            )
        query = parse_any(cte.body, dialect)
        if data["type"] not in _OWN_QUERY:
            for fields in self._candidates(rows, data, query, dialect):
                if self._try(rows, fields, cte.body, dialect):
                    return
        self._set_query(rows, cte, data, dialect)

    def _candidates(
        self, rows: Rows, data: Mapping[str, Any], query: exp.Expr, dialect: SqlDialect
    ) -> Iterator[dict[str, Any]]:
        reading = self._reading(dialect)
        pipeline = _pipeline_of(self._text)
        if pipeline is not None:
            yield from fill_holes(pipeline, rows, data, query, reading)
        yield from guess_fields(data["type"], data, query, reading)

    def _try(self, rows: Rows, fields: Mapping[str, Any], body: str, dialect: SqlDialect) -> bool:
        """Set the fields when the file then says the SQL of the body, and else leave it as it was."""
        data = self._text.fields(rows[0])
        before = self._text.text
        merged = {key: _merged(value, data.get(key), dialect) for key, value in fields.items()}
        if "from" in fields and self._reads_the_same(rows[0], fields["from"]):
            merged.pop("from")
        self._text.set_fields(rows[0], merged)
        if self._says(rows, body, dialect):
            return True
        self._text.text = before
        return False

    def _reads_the_same(self, node: str, wanted: Any) -> bool:
        """Whether a node reads those rows already, perhaps through one that is not enabled."""
        graph = self._view.graph.nodes.get(node)
        texts = (
            [wanted] if isinstance(wanted, str) else list(wanted.values() if isinstance(wanted, Mapping) else wanted)
        )
        return graph is not None and [spell_rows((one.node, one.port)) for one in graph.inputs] == texts

    def _says(self, rows: Rows, body: str, dialect: SqlDialect) -> bool:
        pipeline = _pipeline_of(self._text)
        if pipeline is None:
            return False
        try:
            lowered = lower_pipeline(pipeline)
        except CompileError:
            return False
        name = next((name for name, one in lowered.names.items() if one == rows), None)
        if name is None or any(problem.path[1] == rows[0] for problem in lowered.scope.problems):
            return False
        made = cte_of(lowered, name).body
        return canonical(made, dialect, lowered.names) == canonical(body, dialect, self._edits.names)

    # ------------------------------------------------------------ SQL nodes

    def _set_query(self, rows: Rows, cte: Cte, data: Mapping[str, Any], dialect: SqlDialect) -> None:
        """Let the node have the text as its query; one of another kind becomes an SQL node."""
        node = rows[0]
        made = self._query_fields(cte.body, dialect, node, self._edits.connections[rows])
        if data["type"] == made["type"] or (data["type"] in _OWN_QUERY and made["type"] in _OWN_QUERY):
            made["type"] = data["type"]
            if "from" in made and self._reads_named(node, made["from"]):
                made.pop("from")
            gone = {key: None for key in ("table", "columns", "where") if key in data and key not in made}
            made["query"] = _as_before(made["query"], data.get("query"))
            self._text.set_fields(node, {**made, **gone})
            return
        self._refuse_ports(rows, data)
        gone = {key: None for key in data if key not in _KEPT and key not in made}
        self._text.set_fields(node, {**gone, **made})

    def _reads_named(self, node: str, wanted: Any) -> bool:
        graph = self._view.graph.nodes.get(node)
        texts = wanted if isinstance(wanted, list) else [wanted]
        if graph is None or isinstance(wanted, Mapping) or any(one.role for one in graph.inputs):
            return False
        return sorted(spell_rows((one.node, one.port)) for one in graph.inputs) == sorted(texts)

    def _refuse_ports(self, rows: Rows, data: Mapping[str, Any]) -> None:
        """An SQL node has one output, so it cannot stand for a node of which others read a port."""
        nodes = self._view.graph.nodes.values()
        ports = {one.port for node in nodes for one in node.inputs if one.node == rows[0]}
        if ports - {None} or rows[1] is not None:
            raise self._edits.refuse(
                rows[0],
                f"a `{data['type']}` cannot say this, and an SQL node in its place would lose its ports",
                "Write the change in a WITH query of your own that reads it.",
            )

    def _query_fields(self, body: str, dialect: SqlDialect, node: str, connection: str) -> dict[str, Any]:
        """Return the fields of an SQL node, or of a source where the query reads real tables only.

        Real tables beside nodes become sources of their own.
        """
        tree = parse_any(body, dialect)
        reading = self._reading(dialect)
        tables = [*tables_of(tree)]
        real = [table for table in tables if reading.rows_of(table) is None]
        query = body if "\n" not in body else f"{body}\n"
        if tables and len(real) == len(tables):
            return {"type": f"source.{dialect.name}", **self._at(connection), "from": None, "query": query}
        read = {table.name: spell_rows(rows) for table in tables if (rows := reading.rows_of(table)) is not None}
        sources: dict[str, str] = {}
        for table in real:
            written = spell_table(table)
            if written not in sources:
                sources[written] = self._new_source(table, dialect, node, connection)
            read[sources[written] if table.db else table.name] = sources[written]
            if table.db:
                _rename(table, sources[written])
                query = ""
        query = query or reading.text(tree) + "\n"
        return {"type": "transform.sql", "from": _from(read), "query": query}

    def _new_source(self, table: exp.Table, dialect: SqlDialect, node: str, connection: str) -> str:
        """Make a source of a real table in front of the node; return its id."""
        source = fresh(as_id(table.name), [*self._text.nodes, *(one for one, _ in self._edits.names.values())])
        fields = {"type": f"source.{dialect.name}", **self._at(connection), "table": spell_table(table)}
        self._text.add_node(source, fields, node)
        return source

    def _at(self, connection: str) -> dict[str, Any]:
        """Return the field that puts a source or target on a connection, if one is needed."""
        default = self._view.lowered.pipeline.defaults.connection or EMBEDDED
        return {} if connection == default else {"connection": connection}

    # ------------------------------------------------------------ new nodes

    def _add(self, node: str, body: str, line: int, connection: str, before: str | None) -> None:
        """Make a node of a WITH query without a mark: of the kind that says it, else an SQL node."""
        dialect = self._view.connections[connection]
        at = before if before in self._text.nodes else None
        with self._edits.placed(node, line, body):
            tree = parse_any(body, dialect)
            for fields in self._kinds(tree, dialect, connection):
                before_text = self._text.text
                self._text.add_node(node, fields, at)
                if self._says((node, None), body, dialect):
                    return
                self._text.text = before_text
            self._text.add_node(node, {"type": "transform.sql", "query": body}, at)
            self._text.set_fields(node, self._query_fields(body, dialect, node, connection))

    def _kinds(self, tree: exp.Expr, dialect: SqlDialect, connection: str) -> Iterator[dict[str, Any]]:
        reading = self._reading(dialect)
        tables = [*tables_of(tree)]
        if len(tables) == 1 and reading.rows_of(tables[0]) is None:
            source = {"type": f"source.{dialect.name}", **self._at(connection), "table": spell_table(tables[0])}
            for fields in guess_fields(source["type"], source, tree, reading):
                yield {**source, **fields}
            return
        for kind in _TRIED:
            for fields in guess_fields(kind, {}, tree, reading):
                yield {"type": kind, **{key: value for key, value in fields.items() if value is not None}}

    def _reader_of(self, name: str) -> str | None:
        """Return the first node of the script that reads a name, or the target of its statement."""
        for rows, cte in self._edits.changed.items():
            dialect = dialect_of(self._view, self._edits, rows)
            if any(table.name.casefold() == name.casefold() for table in tables_of(parse_any(cte.body, dialect))):
                return rows[0]
        return next((rows[0] for rows in self._edits.outputs), None)

    # ------------------------------------------------------------ targets

    def _output(self, target: str, statement: Statement) -> None:
        spec = self._view.lowered.pipeline.nodes[target]
        fields: dict[str, Any] = {}
        dialect = self._view.connections[statement.connection]
        if isinstance(spec, SqlTarget) and statement.table is not None:
            table = exp.to_table(statement.table, dialect=dialect.sqlglot)
            if [part.name for part in table.parts] != list(dialect.publish.parts(spec.table)):
                fields["table"] = spell_table(table)
        elif isinstance(spec, SqlTarget) or statement.table is not None:
            raise self._edits.refuse(
                target, f"`{target}` is a `{spec.type}`, and its statement must write the same kind of place",
                "Change its kind in the YAML.",
            )  # fmt: skip
        source = self._source_of(target, statement)
        if not self._reads_the_same(target, source):
            fields["from"] = source
        self._text.set_fields(target, fields)

    def _source_of(self, target: str, statement: Statement) -> str:
        """Return what the last SELECT reads; one that does more than `SELECT * FROM name` gets a node of its own."""
        dialect = self._view.connections[statement.connection]
        reading = self._reading(dialect)
        with self._edits.placed(target, statement.line, statement.query):
            tree = parse_any(statement.query, dialect)
        items = tree.expressions if isinstance(tree, exp.Select) else []
        clauses = {key for key, value in tree.args.items() if value}
        if clauses == {"expressions", "from_"} and len(items) == 1 and isinstance(items[0], exp.Star):
            rows = reading.rows_of(tree.args["from_"].this)
            if rows is not None:
                return spell_rows(rows)
        node = fresh(f"{target}_rows", [*self._text.nodes, *(one for one, _ in self._edits.names.values())])
        self._add(
            node, statement.query, statement.line, statement.connection, target if target in self._text.nodes else None
        )
        return node

    def _add_target(self, statement: Statement) -> None:
        if statement.table is None:
            raise self._edits.refuse(
                "", "a new statement names no table to write", "Begin it with `INSERT INTO table`."
            )
        dialect = self._view.connections[statement.connection]
        table = exp.to_table(statement.table, dialect=dialect.sqlglot)
        node = fresh(as_id(f"to_{table.name}"), self._text.nodes)
        fields = {"type": f"target.{dialect.name}", **self._at(statement.connection), "table": spell_table(table)}
        self._text.add_node(node, {**fields, "from": self._source_of(node, statement)}, None)

    # ------------------------------------------------------------ what is gone

    def _remove_unread(self) -> None:
        """Take out the nodes whose WITH queries are gone and that nobody reads any more."""
        there = {node for node, _ in self._edits.names.values()}
        waiting = {node for node, _ in self._edits.gone} - there
        for node in reversed(list(self._view.graph.nodes)):
            pipeline = _pipeline_of(self._text) if node in waiting else None
            if pipeline is None:
                continue
            others = [spec for name, spec in pipeline.nodes.items() if name != node]
            read = {one.node for spec in others for one in inputs_of(spec)} | {
                id_ for one in others for id_ in one.after
            }
            if node not in read:
                self._text.remove_node(node)


def _rename(table: exp.Table, name: str) -> None:
    """Let a query read a node instead of a real table, by the name that its columns know."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    table.set("this", exp.to_identifier(name))
    table.set("db", None)
    table.set("catalog", None)


def _pipeline_of(text: PipelineText) -> Pipeline | None:
    return _parse_carried(text.text).pipeline


def _from(read: Mapping[str, str]) -> Any:
    """Return `from` for inputs by the names that a query calls them."""
    if all(name == reference.replace(".", "__") for name, reference in read.items()):
        references = list(dict.fromkeys(read.values()))
        return references[0] if len(references) == 1 else references or None
    return dict(read)


def _as_before(query: str, old: Any) -> str:
    """Return a query with a line end behind it where the old one has it, so that its style in YAML stays."""
    return query if not isinstance(old, str) else query.rstrip("\n") + ("\n" if old.endswith("\n") else "")


def _merged(new: Any, old: Any, dialect: SqlDialect) -> Any:
    """Return the new value, with the old spelling of each text in it that means the same."""
    if isinstance(new, str) and isinstance(old, str):
        return old if _means(new, dialect) == _means(old, dialect) else new
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {key: _merged(value, old.get(key), dialect) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_merged(one, other, dialect) for one, other in zip(new, old, strict=True)]
    return old if new == old else new


def _means(text: str, dialect: SqlDialect) -> str:
    try:
        return canonical(f"SELECT {text}", dialect, {})
    except SqlTextError:
        return text
