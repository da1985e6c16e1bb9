"""What an author's `pre_sql` and `post_sql` may be on one engine, beyond what they may be on each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AuthorRules:
    """What differs per engine, in capitals.

    first_words: statements allowed beside the common ones
    made:        what may be made, altered and dropped beside tables, views and the like
    calls:       functions that reach outside the database or run text as SQL
    phrases:     runs of words that do, such as `INTO OUTFILE`
    """

    first_words: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = field(default=frozenset())
