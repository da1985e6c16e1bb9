"""What an engine lets share a transaction; decides what the write modes and the execution room group together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransactionPlan:
    """The transaction facts of one engine; begin, commit and roll back are the session's own.

    ddl_commits:      CREATE, ALTER, DROP and the like end the open transaction (or may not stand in one), so tables are
                      made, widened and dropped outside of it
    statements_share: several statements may share a transaction; if not, a publish is one atomic statement or refused
    snapshot:         the first statement of a transaction all of whose reads must see one state; None where every
                      transaction does, or none can
    """

    ddl_commits: bool = False
    statements_share: bool = True
    snapshot: str | None = None
