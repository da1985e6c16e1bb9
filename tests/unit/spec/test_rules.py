"""The rule families on structure: what each refuses, where, and what it lets pass."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.validation.identity import validate_distinct_ids
from dataflow_provider.spec.validation.schedule import cron_fault
from tests.unit.spec.marked import FILE, codes, found, load_text, pipeline_text


class Case(NamedTuple):
    """Nodes (or a head) in which `⟪` marks where the finding stands; `says` is part of message and hint."""

    code: str
    nodes: str
    says: str
    head: str = ""
    severity: Severity = Severity.ERROR


def node(fields: str, type_: str = "filter") -> str:
    """A transform `x` with a target behind it, so that nothing else is found."""
    mark = "" if "⟪" in fields else "⟪"
    out = "  t: {type: target.duckdb, from: x, table: mart.x}\n"
    return f"  {mark}x: {{type: transform.{type_}, from: src, {fields}}}\n{out}"


def target(fields: str, type_: str = "duckdb", place: str = "table: t") -> str:
    return f"  t: {{type: target.{type_}, from: src, {place}, {fields}}}\n"


def topic(fields: str) -> str:
    return (
        f"  k: {{type: source.kafka, connection: bus, topic: c, {fields}}}\n"
        "  t: {type: target.duckdb, from: k, table: t}\n"
    )


def quality(fields: str, type_: str = "column_rules") -> str:
    mark = "" if "⟪" in fields else "⟪"
    return (
        f"  {mark}x: {{type: quality.{type_}, from: src, {fields}}}\n  t: {{type: target.duckdb, from: x, table: t}}\n"
    )


def rule(fields: str) -> str:
    return quality(f"rules: [{fields}]")


EDGES = (
    Case("DF-EDGE-002", "  t: {type: target.duckdb, from: ⟪src.rejectd, table: t}\n", "no port `rejectd`"),
    Case(
        "DF-EDGE-002",
        "  f: {type: transform.filter, from: src, where: a}\n  t: {type: target.duckdb, from: ⟪f.rejectd, table: t}\n",
        "Did you mean `rejected`?",
    ),
    Case(
        "DF-EDGE-002",
        quality("rules: [{column: a, check: unique}]").replace("⟪", "")
        + "  r: {type: target.duckdb, from: ⟪x.rejected, table: t}\n",
        "severity: quarantine",
    ),
    Case("DF-EDGE-004", "  x: {type: transform.filter, from: ⟪x, where: a}\n", "reads itself"),
    Case("DF-EDGE-004", "  t: {type: target.duckdb, from: src, table: t, after: [⟪t]}\n", "waits for itself"),
    Case("DF-EDGE-005", "  x: {type: transform.union, ⟪from: [src, src]}\n", "twice"),
    Case("DF-EDGE-005", "  x: {type: transform.join, ⟪from: {left: src, right: src}, keys: [a]}\n", "self-join"),
    Case("DF-EDGE-006", "  x: {type: source.duckdb, table: t, ⟪from: src}\n", "A source has no input"),
    Case("DF-EDGE-006", "  ⟪x: {type: target.duckdb, table: t}\n", "exactly 1 input, not `0`"),
    Case("DF-EDGE-006", "  x: {type: transform.union, from: ⟪src}\n", "at least 2"),
    Case("DF-EDGE-006", "  ⟪x: {type: transform.sql, query: SELECT 1}\n", "at least 1"),
    Case(
        "DF-EDGE-006",
        "  b: {type: source.duckdb, table: b}\n  x: {type: transform.sort, limit: 1, ⟪from: [src, b]}\n",
        "transform.union",
    ),
    Case(
        "DF-EDGE-007",
        "  b: {type: source.duckdb, table: b}\n  x: {type: transform.join, ⟪from: {l: src, r: b}, keys: [a]}\n",
        "`left` and `right`",
    ),
    Case("DF-EDGE-007", "  x: {type: transform.sort, limit: 1, ⟪from: {a: src}}\n", "no named inputs"),
    Case(
        "DF-EDGE-008",
        "  ⟪x: {type: transform.filter, from: src, where: a}\n",
        "Nothing reads",
        severity=Severity.WARNING,
    ),
    Case("DF-EDGE-009", "  t: {type: target.duckdb, from: src, table: t, after: [⟪ouut]}\n", "Did you mean `out`?"),
    Case("DF-EDGE-010", "  t: {type: target.duckdb, from: ⟪out, table: t}\n", "has no output"),
    Case("DF-EDGE-012", "  x: {type: transform.sql, from: {⟪a-b: src}, query: SELECT 1}\n", "`a-b`"),
    Case(
        "DF-EDGE-003",
        (
            "  ⟪x: {type: transform.sort, from: src, limit: 1, after: [t]}\n"
            "  t: {type: target.duckdb, from: x, table: t}\n"
        ),
        "x → t → x",
    ),
    Case("DF-EDGE-001", quality("measures: {a: SUM(a)}, against: ⟪srk", "reconcile"), "Did you mean `src`?"),
)

SCHEDULE = (
    Case("DF-SCHED-001", "", "five", "schedule: {cron: ⟪0 6 * *}\n"),
    Case("DF-SCHED-001", "", "not valid", "schedule: {cron: ⟪0 6 * * mun}\n"),
    Case("DF-SCHED-001", "", "not valid", "schedule: {cron: ⟪H 6 * * *}\n"),
    Case("DF-SCHED-002", "", "never fires", "schedule: {cron: ⟪0 0 30 2 *}\n"),
    Case("DF-SCHED-003", "", "IANA", "schedule: {cron: 0 6 * * *, timezone: ⟪../../etc/passwd}\n"),
    Case("DF-SCHED-003", "", "IANA", "schedule: {cron: 0 6 * * *, timezone: ⟪Europe}\n"),
    Case("DF-SCHED-004", "", "both", "schedule: {cron: 0 6 * * *, ⟪after: [other]}\n"),
    Case("DF-SCHED-005", "", "`cron`", "schedule: {after: [other], ⟪calendar: PL}\n"),
    Case("DF-SCHED-005", "", "`calendar`", "schedule: {cron: 0 6 * * *, ⟪on_holiday: next}\n"),
    Case("DF-SCHED-006", "", "before `start`", "schedule: {cron: 0 6 * * *, start: 2026-02-01, end: ⟪2026-01-31}\n"),
    Case(
        "DF-SCHED-006",
        "",
        "before `start`",
        "schedule: {cron: 0 6 * * *, start: 2026-02-01T00:00:00Z, end: ⟪2026-01-31}\n",
    ),
    Case("DF-SCHED-007", "", "wait for itself", "schedule: {after: [⟪sample]}\n"),
    Case("DF-SCHED-008", "", "Write `PL`", "schedule: {cron: 0 6 * * *, calendar: ⟪pl}\n"),
    Case("DF-SCHED-009", "", "only by hand", "⟪schedule: {timezone: UTC}\n", Severity.WARNING),
    Case("DF-SCHED-010", "", "without workspace", "schedule: {after: [⟪telecom/other]}\n"),
    Case("DF-SCHED-010", "", "twice", "schedule: {after: [other, ⟪other]}\n"),
)

PARAMS = (
    Case("DF-PARAM-001", "", "no integer", "params: {p: {type: integer, default: ⟪1.5}}\n"),
    Case("DF-PARAM-001", "", "without quotes", 'params: {p: {type: integer, default: ⟪"5"}}\n'),
    Case("DF-PARAM-001", "", "no integer", "params: {p: {type: integer, default: ⟪true}}\n"),
    Case("DF-PARAM-001", "", "in quotes", "params: {p: {type: string, default: ⟪5}}\n"),
    Case("DF-PARAM-001", "", "no date", "params: {p: {type: date, default: ⟪tomorrow}}\n"),
    Case("DF-PARAM-001", "", "no date", "params: {p: {type: date, default: ⟪2026-01-01T06:00:00}}\n"),
    Case("DF-PARAM-002", "", "every run has", "params: {⟪run_id: {type: string}}\n"),
    Case("DF-PARAM-003", "", "Write `min_seconds`", "params: {⟪min-seconds: {type: string}}\n"),
    Case("DF-PARAM-004", node("where: ⟪a < :interval_end"), "--interval", severity=Severity.WARNING),
    Case(
        "DF-PARAM-004",
        target("post_sql: [⟪'DELETE FROM t WHERE d < :logical_date']"),
        "cron",
        severity=Severity.WARNING,
    ),
    Case(
        "DF-PARAM-004",
        target("write: {mode: delete_insert, ⟪window: {column: d}}"),
        "`window`",
        "schedule: {after: [other]}\n",
        Severity.WARNING,
    ),
    Case("DF-NOTIFY-001", "", "address", "notify: {on_failure: [⟪{via: email}]}\n"),
    Case("DF-NOTIFY-002", "", "`connection`", "notify: {on_failure: [⟪{via: slack}]}\n"),
    Case("DF-NOTIFY-008", "", "finish_by", "⟪sla: {}\n"),
    Case("DF-NOTIFY-009", "", "no `sla`", "notify: {⟪on_sla: [{via: email, to: a@b.c}]}\n", Severity.WARNING),
    Case("DF-NOTIFY-010", "", "no schedule", 'sla: {finish_by: ⟪"07:30"}\n', Severity.WARNING),
)

NODES = (
    Case("DF-NODE-001", node('where: ⟪"  -- later"'), "only spaces or comments"),
    Case("DF-NODE-001", node('columns: {a: ⟪" "}', "expression"), "`a` holds no SQL"),
    Case(
        "DF-NODE-002",
        "  ⟪s: {type: source.duckdb}\n  t: {type: target.duckdb, from: s, table: t}\n",
        "`table` or `query`",
    ),
    Case(
        "DF-NODE-002",
        "  s: {type: source.duckdb, table: a, ⟪query: SELECT 1}\n  t: {type: target.duckdb, from: s, table: t}\n",
        "both",
    ),
    Case(
        "DF-NODE-003",
        (
            "  s: {type: source.file, path: a.csv, format: csv, options: {delimiter: ⟪';;'}}\n"
            "  t: {type: target.duckdb, from: s, table: t}\n"
        ),
        "one character",
    ),
    Case(
        "DF-NODE-004",
        "  b: {type: source.duckdb, table: b}\n  ⟪x: {type: transform.join, from: [src, b]}\n",
        "`keys` or `condition`",
    ),
    Case(
        "DF-NODE-004",
        "  b: {type: source.duckdb, table: b}\n  x: {type: transform.join, from: [src, b], how: cross, ⟪keys: [a]}\n",
        "cross join",
    ),
    Case("DF-NODE-005", "  ⟪x: {type: transform.sort, from: src}\n", "needs `order_by`"),
    Case("DF-NODE-006", "  ⟪x: {type: transform.select, from: src}\n", "needs `columns`"),
    Case("DF-NODE-006", node("columns: [a], ⟪drop: [b]", "select"), "both"),
    Case("DF-NODE-006", node("columns: [a], ⟪rename: {a: b}", "select"), "as: new"),
    Case("DF-NODE-006", node("drop: [a], rename: {⟪a: b}", "select"), "renamed and dropped"),
    Case("DF-NODE-006", node("⟪columns: []", "select"), "empty"),
    Case("DF-NODE-007", node("columns: [a, ⟪{name: b, as: A}]", "select"), "beside `a`"),
    Case("DF-NODE-007", node("group_by: [a], aggregates: {a: ⟪SUM(b)}", "aggregate"), "`a` stands twice"),
    Case("DF-NODE-007", node("keys: [a, ⟪a]", "deduplicate"), "key `a`"),
    Case(
        "DF-NODE-007",
        node("kind: pivot, keys: [a], column: b, value: c, values: [x, ⟪X], aggregate: SUM", "pivot"),
        "`X`",
    ),
    Case("DF-NODE-008", node("keys: [a], column: b, value: c, values: [x]", "pivot"), "Add `aggregate: SUM`"),
    Case(
        "DF-NODE-008", node("keys: [a], column: b, value: c, values: [x], aggregate: ⟪SUM(c)", "pivot"), "Write `SUM`"
    ),
    Case(
        "DF-NODE-008",
        node("kind: unpivot, keys: [a], column: b, value: c, values: [x], ⟪aggregate: SUM", "pivot"),
        "`kind: pivot`",
    ),
    Case(
        "DF-NODE-008",
        node("keys: [a], column: b, value: c, values: [x], aggregate: SUM, ⟪keep_nulls: true", "pivot"),
        "`kind: unpivot`",
    ),
    Case("DF-NODE-009", node("⟪sample: {percent: 5, rows: 5}", "sort"), "both"),
    Case("DF-NODE-009", node("⟪sample: {seed: 5}", "sort"), "both missing"),
    Case("DF-NODE-010", node("order_by: [a], frame: ⟪LAST 7 DAYS, columns: {s: SUM(a)}", "window"), "no frame"),
    Case(
        "DF-NODE-010",
        node("order_by: [a], frame: ⟪ROWS BETWEEN CURRENT ROW AND 1 PRECEDING, columns: {s: SUM(a)}", "window"),
        "ends before it starts",
    ),
    Case("DF-NODE-010", node("⟪frame: ROWS 6 PRECEDING, columns: {s: SUM(a)}", "window"), "no `order_by`"),
    Case("DF-NODE-011", "  ⟪x: {type: transform.aggregate, from: src}\n", "`group_by` or `aggregates`"),
    Case("DF-NODE-013", node("order_by: [⟪'a, b']", "sort"), "`[a, b]`"),
    Case("DF-NODE-013", node("order_by: [a DESC NULLS LAST, ⟪lower(b)]", "sort"), "transform.expression"),
    Case("DF-NODE-014", node("routes: {⟪default: a > 1}", "router"), "port for the rest"),
    Case("DF-NODE-015", node("routes: {⟪Big-Ones: a > 1}", "router"), "cannot name a port"),
)

TARGETS = (
    Case("DF-MODE-001", target("⟪write: {mode: upsert}"), "needs `keys`"),
    Case("DF-MODE-001", target("⟪write: {mode: merge}"), "needs `keys`"),
    Case("DF-MODE-002", target("⟪write: {mode: delete_insert}"), "both missing"),
    Case("DF-MODE-002", target("⟪write: {mode: delete_insert, keys: [a], window: {column: d}}"), "both"),
    Case("DF-MODE-003", target("write: {mode: append, ⟪keys: [a]}"), "would do nothing"),
    Case("DF-MODE-003", target("write: {mode: overwrite, ⟪keys: [a]}"), "`mode: upsert`"),
    Case("DF-MODE-004", target("write: {mode: upsert, keys: [a], ⟪delete_when: gone}"), "`mode: merge`"),
    Case("DF-MODE-004", target("write: {mode: append, ⟪window: {column: d}}"), "`mode: delete_insert`"),
    Case("DF-MODE-004", target("write: {mode: overwrite, ⟪update_columns: [d]}"), "`mode: upsert` or `merge`"),
    Case("DF-MODE-005", target("write: {mode: ⟪upsert, keys: [a]}", "file", "path: o, format: csv"), "`overwrite`"),
    Case("DF-KAFKA-006", topic("format: csv").replace("  k:", "  ⟪k:"), "`format: csv` needs `schema`"),
    Case("DF-KAFKA-006", topic("schema: {id: INT}, incremental: {column: ⟪id}"), "Write `_offset`"),
    Case("DF-KAFKA-006", topic("schema: {id: INT}, incremental: {column: _offset, ⟪lookback: 1h}"), "`lookback`"),
    Case("DF-KAFKA-006", topic("schema: {id: INT}, incremental: {column: _offset, initial: ⟪soon}"), "`earliest`"),
    Case(
        "DF-KAFKA-006",
        topic("incremental: {column: _offset}").replace("  k:", "  ⟪k:"),
        "needs `schema`",
    ),
    Case("DF-KAFKA-006", topic("partition: {column: ⟪id, count: 2}"), "Write `_partition`"),
    Case("DF-KAFKA-006", topic('options: {⟪delimiter: ";"}'), "does nothing for `format: json`"),
    Case("DF-KAFKA-006", topic('format: csv, schema: {a: INT}, options: {quote: ⟪"ab"}'), "is one character"),
    Case("DF-KAFKA-006", topic("format: csv, schema: {a: INT}, options: {⟪flatten: true}"), "Delete `flatten`"),
    Case("DF-MODE-005", target("write: {mode: ⟪overwrite}", "kafka", "topic: o"), "allowed: `append`"),
    Case(
        "DF-MODE-005",
        target(
            "description: x",
            "file",
            "path: o, format: cdr, options: {⟪asn1: {schema_file: s, type: T, fields: {a: b}}}",
        ),
        "can be read, not written",
    ),
    Case("DF-NODE-016", target("description: x", "file", "path: o, format: ⟪cdr"), "are both missing"),
    Case(
        "DF-NODE-016",
        target(
            "description: x",
            "file",
            "path: o, format: cdr, options: {records: {types: {M: {a: INT}}, trailer: {type: T, count_at: ⟪1}}}",
        ),
        "its record type",
    ),
    Case(
        "DF-NODE-016",
        target("description: x", "file", "path: o, format: csv, options: {⟪records: {types: {A: {b: INT}}}}"),
        "does nothing with `format: csv`",
    ),
    Case(
        "DF-MODE-006",
        (
            "  s: {type: source.duckdb, table: a, incremental: {column: c, lookback: ⟪2h}}\n"
            "  f: {type: transform.sort, from: s, limit: 1}\n"
            "  t: {type: target.duckdb, from: f, table: t}\n"
        ),
        "would double",
    ),
    Case("DF-MODE-007", target("write: {mode: upsert, keys: [a], update_columns: [b, ⟪A]}"), "is a key"),
    Case("DF-MODE-008", target("write: {mode: append, ⟪dedupe: {order_by: [a]}}"), "no `keys`"),
    Case("DF-HOOK-001", target("pre_sql: [⟪' -- nothing']"), "empty"),
    Case("DF-HOOK-002", target("post_sql: [⟪COMMIT]"), "transaction"),
    Case("DF-HOOK-002", target("pre_sql: [⟪{sql: BEGIN TRANSACTION}]"), "in_transaction: false"),
)

QUALITY = (
    Case("DF-QUAL-001", rule("⟪{column: a, check: in}"), "needs `values`"),
    Case("DF-QUAL-001", rule("⟪{column: a, check: range}"), "`min` or `max`"),
    Case("DF-QUAL-001", rule("{column: a, check: in, ⟪values: []}"), "every row would fail"),
    Case("DF-QUAL-002", rule("{column: a, check: not_null, ⟪values: [1]}"), "no further key"),
    Case("DF-QUAL-003", rule("{column: a, check: range, min: ⟪5, max: 1}"), "Swap"),
    Case("DF-QUAL-003", rule("{column: a, check: range, min: 5, max: ⟪2026-01-01}"), "a number and a date"),
    Case("DF-QUAL-003", rule("{column: a, check: length, min: ⟪-1}"), "0 or more"),
    Case("DF-QUAL-003", quality("min_rows: ⟪9, max_rows: 1", "freshness"), "more than `max_rows`"),
    Case("DF-QUAL-004", rule("{column: a, check: unique, threshold: ⟪1.5}"), "below 1"),
    Case("DF-QUAL-004", rule("{column: a, check: unique, threshold: ⟪five}"), "percentage"),
    Case("DF-QUAL-004", rule("{column: a, check: unique, threshold: ⟪'101%'}"), "100%"),
    Case("DF-QUAL-004", quality("where: a, threshold: ⟪-1", "row_rule"), "negative"),
    Case(
        "DF-QUAL-004",
        quality("against: out2, measures: {a: SUM(a)}, tolerance: ⟪much", "reconcile")
        + "  out2: {type: source.duckdb, table: b}\n",
        "percentage",
    ),
    Case(
        "DF-QUAL-005", quality("where: a, severity: ⟪quarantine", "row_rule"), "x.rejected", severity=Severity.WARNING
    ),
    Case("DF-QUAL-006", quality("min_rows: 1, severity: ⟪quarantine", "freshness"), "`block`"),
    Case("DF-QUAL-007", quality("severity: warn", "freshness"), "needs `max_age`"),
    Case("DF-QUAL-007", quality("max_age: ⟪1d", "freshness"), "needs `column`"),
    Case("DF-QUAL-007", quality("min_rows: 1, ⟪column: a", "freshness"), "`max_age`"),
    Case("DF-QUAL-008", quality("columns: [a, b], reference: {table: t, ⟪columns: [a]}", "reference"), "in pairs"),
)


@pytest.mark.parametrize(
    "case", [*EDGES, *SCHEDULE, *PARAMS, *NODES, *TARGETS, *QUALITY], ids=lambda case: f"{case.code}-{case.says}"
)
def test_rule_broken_gives_its_finding_in_place(case: Case) -> None:
    finding = found(pipeline_text(case.nodes, case.head), case.code)
    assert case.says in f"{finding.message} {finding.hint}"
    assert finding.severity is case.severity
    assert bool(finding.node) is bool(case.nodes)


GOOD = (
    "  t: {type: target.duckdb, from: src, table: t, write: {mode: merge, keys: [a], delete_when: gone}}\n",
    "  t: {type: target.duckdb, from: src, table: t, write: {mode: append, keys: [a], dedupe: {order_by: [b DESC]}}}\n",
    "  t: {type: target.file, from: src, path: out, format: csv, write: {mode: overwrite}}\n",
    (
        "  s: {type: source.duckdb, table: a, incremental: {column: c, lookback: 2h}}\n"
        "  t: {type: target.duckdb, from: s, table: t, write: {mode: upsert, keys: [a]}}\n"
    ),
    "  s: {type: source.duckdb, table: a, incremental: {column: c}}\n  t: {type: target.duckdb, from: s, table: t}\n",
    "  x: {type: transform.filter, from: src, where: a}\n  t: {type: target.duckdb, from: x.rejected, table: t}\n",
    (
        "  x: {type: transform.filter, from: src, where: a}\n  u: {type: transform.union, from: [x, x.rejected]}\n"
        "  t: {type: target.duckdb, from: u, table: t}\n"
    ),
    (
        "  x: {type: transform.router, from: src, routes: {big: a > 1}, default: rest}\n"
        "  t: {type: target.duckdb, from: x.big, table: t}\n  t2: {type: target.duckdb, from: x.rest, table: t}\n"
    ),
    (
        "  b: {type: source.duckdb, table: b}\n  x: {type: transform.join, from: [src, b], keys: {a: b}}\n"
        "  t: {type: target.duckdb, from: x, table: t}\n"
    ),
    (
        "  x: {type: transform.sql, from: {a: src}, query: SELECT * FROM a}\n"
        "  t: {type: target.duckdb, from: x, table: t}\n"
    ),
    node(
        "order_by: [a], frame: RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW, columns: {s: SUM(a)}", "window"
    ),
    node("frame: ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING, columns: {s: SUM(a)}", "window"),
    node("order_by: ['\"Odd Name\" DESC', b NULLS FIRST]", "sort"),
    quality(
        "rules: [{column: a, check: range, min: 2026-01-01, max: '2026-02-01', threshold: '5%'}], severity: quarantine"
    )
    + "  r: {type: target.duckdb, from: x.rejected, table: r}\n",
    quality("column: d, max_age: 1d, compare_runs: {n: 5, tolerance: 0.2}", "freshness"),
    (
        "  x: {type: quality.reconcile, from: src, against: other, measures: {n: COUNT(*)}, tolerance: '1%'}\n"
        "  other: {type: source.duckdb, table: o}\n  t: {type: target.duckdb, from: x, table: t}\n"
    ),
    "  t: {type: target.duckdb, from: src, table: t, pre_sql: [{sql: VACUUM, in_transaction: false}], after: [out]}\n",
    "  a: {type: ai.assist, from: src, task: mapping}\n",
)


@pytest.mark.parametrize("nodes", GOOD)
def test_rules_on_a_good_pipeline_find_nothing(nodes: str) -> None:
    assert codes(pipeline_text(nodes.replace("⟪", ""))) == []


@pytest.mark.parametrize(
    "nodes",
    [
        node("where: a < :interval_end"),
        target("write: {mode: delete_insert, window: {column: d}}"),
        node("where: a < '10::interval_end'"),
    ],
)
def test_interval_in_a_pipeline_with_a_cron_is_no_finding(nodes: str) -> None:
    assert codes(pipeline_text(nodes.replace("⟪", ""), "schedule: {cron: 0 6 * * *}\n")) == []


@pytest.mark.parametrize(
    "cron",
    ["30 6 * * *", "*/15 0-6,22 * * mon-fri", "0 0 29 2 *", "0 0 31 * 1", "0 0 L * *", "0 9 * * 1#2", "5 4 * jan 7"],
)
def test_cron_of_five_good_fields_has_no_fault(cron: str) -> None:
    assert cron_fault(cron) is None


def test_ids_in_two_files_are_an_error_in_both() -> None:
    text = pipeline_text("").replace("⟪", "")
    loaded = {file: parse_pipeline(text, file) for file in ("a/sample.yaml", "b/sample.yaml")}
    problems = dict(validate_distinct_ids([(file, one.require()) for file, one in loaded.items()]))
    assert set(problems) == set(loaded)
    finding = loaded["a/sample.yaml"].finding(problems["a/sample.yaml"])
    assert (finding.code, finding.line, finding.column) == ("DF-ID-002", 3, 5)
    assert "`b/sample.yaml`" in finding.message


def test_cycle_through_thousands_of_nodes_is_found() -> None:
    count = 3000
    nodes = "".join(f"  n{i}: {{type: transform.sort, from: n{(i + 1) % count}, limit: 1}}\n" for i in range(count))
    assert codes(pipeline_text(nodes)).count("DF-EDGE-003") == 1


def test_two_cycles_are_two_findings() -> None:
    pairs = "".join(f"  {a}: {{type: transform.sort, from: {b}, limit: 1}}\n" for a, b in ("ab", "ba", "cd", "dc"))
    assert codes(pipeline_text(pairs)).count("DF-EDGE-003") == 2


def test_rules_run_on_the_sound_part_of_a_damaged_node() -> None:
    text = pipeline_text("  t: {type: target.duckdb, from: nope, table: 5, after: [gone]}\n")
    assert sorted(codes(text)) == ["DF-EDGE-001", "DF-EDGE-009", "DF-SPEC-003"]


def test_findings_carry_the_file_they_were_parsed_as() -> None:
    assert {finding.file for finding in load_text("a: b").findings} == {FILE}
