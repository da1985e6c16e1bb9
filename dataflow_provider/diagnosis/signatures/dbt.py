"""dbt's own words, around which stand those of the warehouse. Source: dbt-core's and the adapters' exceptions."""

from __future__ import annotations

from dataflow_provider.diagnosis.signatures.base import Family, words

FAMILY = Family(
    words=words(
        "dbt",
        {
            "schema_drift": (
                r"source and target schemas on this incremental model are out of sync",
                r"This model has an enforced contract that failed",
            ),
            "template_or_variable_error": (
                r"Required var '[^']*' not found",
                r"Could not render .{1,80}: '[^']*' is undefined",
                r"'[^']*' is undefined\. This can happen when calling a macro that does not exist",
            ),
            "invalid_configuration": (
                r"Could not find profile named",
                r"The profile '[^']*' does not have a target named",
                r"Credentials in profile .{1,80} invalid",
                r"No dbt_project\.yml found",
            ),
            "missing_driver_or_dependency": (
                r"Could not find adapter type",
                r"package\(s\) specified in packages\.yml, but only \d+ package",
                r"Run \"dbt deps\" to install",
            ),
            "object_not_found": (
                r"depends on (?:a )?(?:node|source) named '[^']*' .{0,40}which (?:was not found|is disabled)",
            ),
        },
    ),
)
