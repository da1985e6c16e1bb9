"""PostgreSQL: everything transactional; no TRY_CAST, no QUALIFY, FULL JOIN on plain equality only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_postgres import POSTGRES_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "PostgreSQL"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from dataflow_provider.dialects import passes, select_lists
    from dataflow_provider.dialects.try_cast import TryCasts

    for step in (
        _distinct_on,
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 63, of_bytes=True),
        _to_hex,
        TryCasts(NAME, _matches, zones=True).guard,
    ):
        tree = step(tree)
    return tree


def _distinct_on(tree: exp.Expr) -> exp.Expr:
    """The first row of each key is DISTINCT ON, about twice as fast here as a rank that is filtered.

    `SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) = 1` becomes
    `SELECT DISTINCT ON (k) a FROM t ORDER BY k, d`.
    """
    from sqlglot import exp

    for query in tree.find_all(exp.Select):
        qualify = query.args.get("qualify")
        others = {key for key, value in query.args.items() if value} - {"expressions", "from_", "qualify", "with_"}
        plain = all(isinstance(item, exp.Column | exp.Star) for item in query.expressions)
        if qualify is None or others or not plain or not _is_first_rank(qualify.this):
            continue
        window = qualify.this.this
        keys = window.args["partition_by"]
        terms = window.args["order"].expressions if window.args.get("order") else []
        query.set("qualify", None)
        query.set("distinct", exp.Distinct(on=exp.Tuple(expressions=[key.copy() for key in keys])))
        ordered = [exp.Ordered(this=key.copy(), nulls_first=False) for key in keys]
        query.set("order", exp.Order(expressions=[*ordered, *(term.copy() for term in terms)]))
    return tree


def _is_first_rank(condition: exp.Expr) -> bool:
    from sqlglot import exp

    if not isinstance(condition, exp.EQ) or condition.expression != exp.Literal.number(1):
        return False
    window = condition.this
    return (
        isinstance(window, exp.Window) and isinstance(window.this, exp.RowNumber) and bool(window.args["partition_by"])
    )


def _to_hex(tree: exp.Expr) -> exp.Expr:
    """TO_HEX keeps its name; sqlglot calls it HEX, which is unknown here."""
    from sqlglot import exp

    for one in [*tree.find_all(exp.Hex)]:
        call = exp.Anonymous(this="TO_HEX", expressions=[one.this.copy()])
        if one is tree:
            return call
        one.replace(call)
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    from sqlglot import exp

    return exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(pattern))


POSTGRES = SqlDialect(
    name="postgres",
    sqlglot="postgres",
    parameter_mark=":",
    bucket="MOD(MOD(HASHTEXT(CAST({column} AS TEXT)), {count}) + {count}, {count})",
    stage_schema="_dataflow",
    publish=POSTGRES_PUBLISH,
    emits=WITH_CLAUSES
    | {"HASHTEXT()"}
    | WINDOWS
    | {
        "Boolean",
        "CONCAT_WS()",
        "DPipe",
        "MD5",
        "Mod",
        "NullSafeEQ",
        "NullSafeNEQ",
        "Rand",
        "RegexpLike",
        "TO_HEX()",
        "Tuple",
    },
    sampling=Sampling(random="RANDOM() * 1000000", row_hash="MD5(_df_row)"),
    table_functions=frozenset(
        {"generate_series", "unnest", "regexp_split_to_table", "json_array_elements", "jsonb_each"}
    ),
    forbidden_function=(
        r"pg_read_\w+|pg_ls_\w+|pg_stat_file|lo_\w+|dblink\w*|query_to_xml\w*|cursor_to_xml|table_to_xml\w*|"
        r"database_to_xml\w*|schema_to_xml\w*|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|"
        r"set_config|current_setting|pg_sleep\w*|pg_advisory\w*|pg_try_advisory\w*|pg_logical\w*|pg_create\w*|pg_drop\w*|"
        r"pg_switch_wal|pg_export_snapshot|nextval|setval|pg_notify|pg_file_\w+|txid_current|pg_current_xact_id|"
        r"pg_stat_reset\w*|pg_promote|pg_wal_\w+|pg_(start|stop)_backup|pg_backup_\w+|xpath_table|ts_stat|pg_import_\w+"
    ),
    pseudo_columns=frozenset({"user", "session_user", "current_role", "current_schema", "current_catalog"}),
    author_rules=AuthorRules(
        first_words=frozenset({"REFRESH", "VACUUM"}),
        calls=frozenset(
            {
                "DBLINK",
                "DBLINK_CONNECT",
                "DBLINK_EXEC",
                "DBLINK_OPEN",
                "DBLINK_SEND_QUERY",
                "LO_EXPORT",
                "LO_IMPORT",
                "PG_LS_DIR",
                "PG_READ_BINARY_FILE",
                "PG_READ_FILE",
                "PG_STAT_FILE",
                "QUERY_TO_XML",
                "PG_CANCEL_BACKEND",
                "PG_TERMINATE_BACKEND",
                "PG_RELOAD_CONF",
                "SET_CONFIG",
            }
        ),
    ),
    legalise=(_legalise,),
    transaction=TransactionPlan(snapshot="SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
    replaces_tables=False,
    keeps_with=True,
    guesses_rows=True,
    analyzes=True,
    full_join="equality",
)
