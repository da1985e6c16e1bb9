"""What the suite leaves out on a stand-in: by name, with the reason, printed in docs/sql.md; nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Exclusion:
    """Tests that an engine's stand-in cannot show; `tests` are patterns of test names, without parameters' brackets."""

    engine: str
    subject: str
    reason: str
    tests: tuple[str, ...]

    @property
    def as_row(self) -> str:
        """Return the line of the table in docs/sql.md."""
        return f"| {self.engine} | {self.subject} | {self.reason} |"


EXCLUSIONS = (
    Exclusion(
        "snowflake",
        "roll back of a publish",
        "fakesnow answers ROLLBACK and keeps what was done",
        ("test_statement_that_fails_in_the_publish_takes_all_of_it_back[snowflake]",),
    ),
    Exclusion(
        "snowflake",
        "casts to TIMESTAMP",
        "fakesnow answers NULL as the first moment of 1970, and fails where TRY_CAST gives NULL",
        (
            "test_cast_gives_null_or_rejects_what_is_no_value[snowflake-timestamp]",
            "test_cast_gives_null_or_rejects_what_is_no_value[snowflake-date_to_timestamp]",
            "test_cast_that_must_not_fail_stops_before_the_target[snowflake-timestamp]",
            "test_cast_that_must_not_fail_stops_before_the_target[snowflake-date_to_timestamp]",
        ),
    ),
    Exclusion(
        "snowflake",
        "NULL in a timestamp",
        "fakesnow answers the epoch",
        ("test_null_time_stays_null_on_the_way[snowflake-*]", "test_null_time_stays_null_on_the_way[*-snowflake]"),
    ),
    Exclusion(
        "snowflake",
        "rows from another engine under odd names of columns",
        "fakesnow's COPY INTO does not quote a name with a space",
        ("test_odd_names_arrive_whole[snowflake]",),
    ),
    Exclusion(
        "databricks",
        "roll back of a publish",
        "by design: a publish is one statement, and a hook that should share its transaction is refused (DF-WRITE-012)",
        ("test_statement_that_fails_in_the_publish_takes_all_of_it_back[databricks]",),
    ),
    Exclusion(
        "databricks",
        "-0.0 and 0.0 as one key of a deduplicate",
        "Sail keeps them apart in PARTITION BY",
        ("test_negative_zero_is_the_same_key_as_zero[databricks]",),
    ),
    Exclusion(
        "databricks",
        "`on_schema_drift: add`",
        "Sail has no ALTER TABLE ADD COLUMNS",
        ("test_new_column_is_added_and_filled[databricks]",),
    ),
    Exclusion(
        "databricks",
        "an upsert of what a lookback reads again",
        "Sail refuses the second MERGE over the nullability of a column; unsettled, not tried on a warehouse",
        ("test_lookback_by_a_moment[databricks]",),
    ),
    Exclusion(
        "databricks",
        "counts of changed rows",
        "Sail's count of a MERGE is another than Databricks's",
        ("test_target_counts_the_rows_it_was_given_and_those_it_wrote[databricks]",),
    ),
)


def is_excluded(name: str) -> bool:
    """Return whether a test, by its name with parameters, is left out."""
    return any(fnmatchcase(name, _literal(pattern)) for one in EXCLUSIONS for pattern in one.tests)


def _literal(pattern: str) -> str:
    """Return the pattern with its brackets meant as such; `*` and `?` keep their meaning."""
    return pattern.replace("[", "[[]")
