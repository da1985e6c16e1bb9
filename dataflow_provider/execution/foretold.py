"""What the earlier stages of a run will have made by the time a later one starts: tables, files, changes by hooks.

A later stage that reads them is not wrong because they are missing now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.plan import Stage
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.nodes import FileSource, FileTarget, Hook, SqlSource, SqlTarget
from dataflow_provider.spec.project import Project
from dataflow_provider.write_modes.context import WriteContext
from dataflow_provider.write_modes.publish import new_columns, run_id_type

_CHANGES_TABLES = re.compile(r"\b(?:CREATE|ALTER|DROP|RENAME)\b", re.IGNORECASE)


@dataclass
class Foretold:
    """What earlier stages leave, by connection."""

    tables: dict[tuple[str, str], Columns] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def add_table(self, stage: Stage, ctx: WriteContext) -> None:
        """The stage will have made its target, or added columns to it."""
        new = {name: ctx.columns[name] for name in new_columns(ctx)}
        if ctx.target_columns is None and ctx.target.create.if_missing:
            marker = {ctx.target.write.run_id_column: run_id_type(ctx)} if ctx.target.write.mode == "append" else {}
            self.tables[stage.connection, ctx.table] = {**ctx.columns, **marker}
        elif ctx.target_columns is not None and ctx.target.on_schema_drift == "add" and new:
            self.tables[stage.connection, ctx.table] = {**ctx.target_columns, **new}

    def add_hooks(self, stage: Stage, target: SqlTarget) -> None:
        """The stage will have run its hooks; what they do to tables is not read, only which words they hold."""
        for hook in (*target.pre_sql, *target.post_sql):
            text = hook.sql if isinstance(hook, Hook) else hook
            if _CHANGES_TABLES.search(text):
                self.hooks[stage.connection] = f"{self.hooks.get(stage.connection, '')}\n{text.casefold()}"

    def add_file(self, target: FileTarget, project: Project) -> None:
        try:
            self.files.append(project.resolve_file(target.path))
        except AuthorError:
            return  # Told where the target itself is checked.

    def columns_of(self, connection: str, table: str) -> Columns | None:
        """Return the columns that the quoted table will have; None when no stage makes or widens it."""
        return self.tables.get((connection, table))

    def may_change(self, connection: str, table: str) -> bool:
        """Return whether a hook speaks of the table, by its last name."""
        return table.rpartition(".")[2].strip('"`').casefold() in self.hooks.get(connection, "")

    def may_answer(self, connection: str, source: SqlSource) -> bool:
        """Return whether a query may read what is not there yet."""
        made = any(where == connection for where, _ in self.tables)
        return source.query is not None and (made or connection in self.hooks)

    def writes(self, source: FileSource, project: Project) -> bool:
        """Return whether an earlier stage writes files that the source reads."""
        try:
            path = project.resolve_file(source.path)
        except AuthorError:
            return False
        return any(path == one or fnmatch(one, path) or path.startswith(f"{one}/") for one in self.files)


def without_unknown(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns with "" for a type that stands for none, as that of a bare NULL."""
    return {name: "" if kind.strip('"') == "NULL" else kind for name, kind in columns.items()}
