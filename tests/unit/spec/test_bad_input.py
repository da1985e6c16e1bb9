"""Every kind of bad file gives a finding at its exact place, with its node and a hint where one is likely."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from dataflow_provider.spec.document import MAX_BYTES
from dataflow_provider.spec.findings import InvalidPipelineError, Severity
from dataflow_provider.spec.loader import load_pipeline, parse_pipeline
from tests.unit.spec.marked import FILE, HEAD, SOURCE, TARGET, codes, found, load_text, pipeline_text, read_mark


class Bad(NamedTuple):
    name: str
    text: str
    code: str
    node: str | None
    message: str  # part of it
    hint: str | None  # part of it; None when there is no hint


TEXTS = (
    Bad("tab_indent", f"{HEAD}nodes:\n⟪\tsrc: {{type: source.duckdb}}\n", "DF-YAML-006", None, "tab", "spaces"),
    Bad("tab_deeper", f"{HEAD}nodes:\n  src:\n⟪\ttype: source.duckdb\n", "DF-YAML-006", None, "tab", "spaces"),
    Bad("unknown_key", pipeline_text("", "⟪descripton: x\n"), "DF-SPEC-001", None, "`descripton`", "`description`"),
    Bad(
        "unknown_node_key",
        pipeline_text("  f: {type: transform.filter, from: src, ⟪wher: a > 1}\n"),
        "DF-SPEC-001",
        "f",
        "`where`",
        "Did you mean `where`?",
    ),
    Bad("duplicate_key", pipeline_text("", "name: a\n⟪name: b\n"), "DF-YAML-009", None, "`name`", "line 4"),
    Bad(
        "duplicate_node",
        pipeline_text("  ⟪src: {type: source.duckdb, table: b}\n"),
        "DF-YAML-009",
        "src",
        "twice",
        "line 5",
    ),
    Bad(
        "unknown_node_type",
        pipeline_text("  f: {type: ⟪transform.filtr, from: src, where: a}\n"),
        "DF-SPEC-005",
        "f",
        "`transform.filter`",
        "Did you mean `transform.filter`?",
    ),
    Bad(
        "unknown_connector",
        pipeline_text("  f: {type: ⟪source.postgresql, table: a}\n"),
        "DF-SPEC-005",
        "f",
        "`source.postgresql`",
        "Did you mean `source.postgres`?",
    ),
    Bad(
        "missing_node",
        pipeline_text("  f: {type: transform.filter, from: ⟪srcc, where: a > 1}\n"),
        "DF-EDGE-001",
        "f",
        "`srcc`",
        "Did you mean `src`?",
    ),
    Bad(
        "cycle",
        pipeline_text(
            "  ⟪a: {type: transform.filter, from: c, where: x}\n  b: {type: transform.filter, from: a, where: x}\n"
            "  c: {type: transform.filter, from: b, where: x}\n"
        ),
        "DF-EDGE-003",
        "a",
        "a → b → c → a",
        "one way",
    ),
    Bad("bad_cron", pipeline_text("", 'schedule: {cron: ⟪"61 6 * * *"}\n'), "DF-SCHED-001", None, "0-59", ""),
    Bad("cron_preset", pipeline_text("", "schedule: {cron: ⟪'@daily'}\n"), "DF-SCHED-001", None, "five", "0 0 * * *"),
    Bad(
        "bad_timezone",
        pipeline_text("", "schedule: {cron: 0 6 * * *, timezone: ⟪Europe/Warsav}\n"),
        "DF-SCHED-003",
        None,
        "IANA",
        "`Europe/Warsaw`",
    ),
    Bad(
        "bad_date",
        pipeline_text("", "schedule: {cron: 0 6 * * *, start: ⟪2026-02-30}\n"),
        "DF-YAML-012",
        None,
        "`2026-02-30`",
        "",
    ),
    Bad(
        "bad_quoted_date",
        pipeline_text("", 'schedule: {cron: 0 6 * * *, start: ⟪"2026-13-01"}\n'),
        "DF-SPEC-006",
        None,
        "a date",
        None,
    ),
    Bad(
        "number_for_date",
        pipeline_text("", "schedule: {cron: 0 6 * * *, start: ⟪20260101}\n"),
        "DF-SPEC-003",
        None,
        "`2026-01-31`",
        "",
    ),
    Bad("empty_file", "⟪", "DF-YAML-005", None, "empty", "dataflow new"),
    Bad("only_comments", "⟪# nothing\n", "DF-YAML-005", None, "empty", "dataflow new"),
    Bad("list_at_top", "⟪- a\n- b\n", "DF-SPEC-008", None, "a list", "apiVersion"),
    Bad("text_at_top", "⟪hello\n", "DF-SPEC-008", None, "`hello`", "apiVersion"),
    Bad(
        "missing_field",
        pipeline_text("  ⟪f: {type: transform.filter, from: src}\n"),
        "DF-SPEC-002",
        "f",
        "`where`",
        "Add `where:`",
    ),
    Bad(
        "missing_top_field",
        f"⟪kind: Pipeline\nid: sample\nnodes:\n{SOURCE}{TARGET}",
        "DF-SPEC-002",
        None,
        "`apiVersion`",
        "Add",
    ),
    Bad("missing_type", pipeline_text("  ⟪f: {from: src}\n"), "DF-SPEC-002", "f", "`type`", ""),
    Bad(
        "wrong_type",
        pipeline_text("  f: {type: transform.sort, from: src, limit: ⟪many}\n"),
        "DF-SPEC-003",
        "f",
        "a whole number",
        None,
    ),
    Bad(
        "text_for_list",
        pipeline_text("  f: {type: transform.sort, from: src, order_by: ⟪a}\n"),
        "DF-SPEC-003",
        "f",
        "a list",
        "`[a]`",
    ),
    Bad(
        "quoted_number",
        pipeline_text('  f: {type: transform.sort, from: src, limit: ⟪"5"}\n'),
        "DF-SPEC-003",
        "f",
        "`5`",
        "without quotes",
    ),
    Bad("number_for_text", pipeline_text("", "owner: ⟪12\n"), "DF-SPEC-003", None, "text", '`"12"`'),
    Bad(
        "quoted_boolean",
        pipeline_text('  f: {type: transform.sort, from: src, limit: 1, enabled: ⟪"True"}\n'),
        "DF-SPEC-003",
        "f",
        "`true`",
        "`true` without",
    ),
    Bad(
        "duration_without_unit",
        pipeline_text("  f: {type: transform.sort, from: src, limit: 1, timeout: ⟪30}\n"),
        "DF-SPEC-003",
        "f",
        "`90s`",
        "",
    ),
    Bad(
        "duration_in_words",
        pipeline_text("  f: {type: transform.sort, from: src, limit: 1, timeout: ⟪30 min}\n"),
        "DF-SPEC-006",
        "f",
        "`90s`",
        "`30m`",
    ),
    Bad(
        "bad_enum",
        pipeline_text("  o: {type: target.duckdb, from: src, table: t, write: {mode: ⟪upsrt}}\n"),
        "DF-SPEC-004",
        "o",
        "`merge`",
        "`upsert`",
    ),
    Bad(
        "out_of_range",
        pipeline_text("  f: {type: transform.sort, from: src, sample: {percent: ⟪200}}\n"),
        "DF-SPEC-007",
        "f",
        "at most `100`",
        None,
    ),
    Bad("empty_nodes", f"{HEAD}⟪nodes: {{}}\n", "DF-SPEC-007", None, "at least one node", None),
    Bad("node_is_list", pipeline_text("  ⟪f: [a]\n"), "DF-SPEC-003", "f", "a list", "Indent"),
    Bad(
        "bad_node_id",
        pipeline_text("  ⟪My Node: {type: transform.sort, from: src, limit: 1}\n"),
        "DF-SPEC-006",
        "My Node",
        "lower case",
        "`my_node`",
    ),
    Bad(
        "on_key",
        pipeline_text("  j: {type: transform.join, from: [src, out], ⟪on: [a]}\n"),
        "DF-YAML-011",
        "j",
        "boolean",
        '`"on":`',
    ),
    Bad("number_key", pipeline_text("", "params: {⟪1: {type: string}}\n"), "DF-YAML-011", None, "a number", '`"1":`'),
    Bad("null_key", pipeline_text("", "params: {⟪~: {type: string}}\n"), "DF-YAML-011", None, "null", '`"~":`'),
    Bad("map_key", f"{HEAD}⟪[a, b]: c\nnodes:\n{SOURCE}{TARGET}", "DF-YAML-011", None, "list", "quotes"),
    Bad("merge_key", f"{HEAD}⟪<<: {{name: x}}\nnodes:\n{SOURCE}{TARGET}", "DF-YAML-011", None, "a merge", '`"<<":`'),
    Bad("anchor", pipeline_text("", "name: ⟪&a x\n"), "DF-YAML-007", None, "`&a`", "quotes"),
    Bad("alias", f"{HEAD}name: ⟪*a\n", "DF-YAML-007", None, "`*a`", "Write the value out"),
    Bad(
        "code_tag",
        pipeline_text("", "name: ⟪!!python/object/apply:os.system [ls]\n"),
        "DF-YAML-008",
        None,
        "python/object",
        "Delete",
    ),
    Bad("own_tag", pipeline_text("", "name: ⟪!env HOME\n"), "DF-YAML-008", None, "`!env`", "Delete"),
    Bad("plain_tag", pipeline_text("", "name: ⟪!!str x\n"), "DF-YAML-008", None, "tag", "Delete"),
    Bad("control_character", f"{HEAD}name: a⟪\x07b\n", "DF-YAML-003", None, "U+0007", "Delete"),
    Bad("nul", f"{HEAD}name: a⟪\x00b\n", "DF-YAML-003", None, "U+0000", "Delete"),
    Bad("two_documents", f"{HEAD}nodes:\n{SOURCE}{TARGET}⟪---\nid: b\n", "DF-YAML-010", None, "second document", "---"),
    Bad("colon_in_value", f"{HEAD}name: a⟪: b\n", "DF-YAML-010", None, "`:`", "quotes"),
    Bad("unclosed_list", f"{HEAD}tags: ⟪[a, b\nname: x\n", "DF-YAML-010", None, "not closed", "[a, b]"),
    Bad("unclosed_quote", f'{HEAD}name: ⟪"a\nnodes: {{}}\n', "DF-YAML-010", None, "not closed", "quote"),
    Bad("unclosed_map", f"{HEAD}params: ⟪{{a: b\nname: x\n", "DF-YAML-010", None, "not closed", "{a: 1"),
    Bad("jinja", f"{HEAD}name: {{⟪{{ var.value.x }}}}\n", "DF-YAML-011", None, "map", "quotes"),
    Bad("deep", f"{HEAD}name: {'[' * 60}\n", "DF-YAML-004", None, "40", "six"),
    Bad("deep_enough_to_crash", "[" * 200_000, "DF-YAML-004", None, "40", "six"),
    Bad("time_of_day", pipeline_text("", "sla: {finish_by: ⟪07:30}\n"), "DF-SPEC-009", None, "`07:30`", '`"07:30"`'),
    Bad(
        "short_time_of_day",
        pipeline_text("", 'sla: {finish_by: ⟪"7:30"}\n'),
        "DF-SPEC-006",
        None,
        "time of day",
        '`"07:30"`',
    ),
    Bad(
        "norway",
        pipeline_text("", "params: {c: {type: string, default: ⟪NO}}\n"),
        "DF-SPEC-009",
        None,
        "`NO` is false",
        '`"NO"`',
    ),
    Bad(
        "leading_zero",
        pipeline_text("", "params: {c: {type: string, default: ⟪0048}}\n"),
        "DF-SPEC-009",
        None,
        "`0048`",
        '`"0048"`',
    ),
    Bad("yes_for_text", pipeline_text("", "owner: ⟪yes\n"), "DF-SPEC-003", None, "`yes`", '`"yes"`'),
    Bad(
        "not_a_number",
        pipeline_text("", "params: {c: {type: number, default: ⟪.nan}}\n"),
        "DF-YAML-012",
        None,
        "`.nan`",
        "quotes",
    ),
    Bad(
        "date_for_text",
        pipeline_text("", "owner: ⟪2026-01-01\n"),
        "DF-SPEC-003",
        None,
        "`2026-01-01`",
        '`"2026-01-01"`',
    ),
    Bad("cron_at_top", pipeline_text("", "⟪cron: 0 6 * * *\n"), "DF-SPEC-001", None, "`cron`", "below `schedule`"),
    Bad(
        "mode_beside_write",
        pipeline_text("  o: {type: target.duckdb, from: src, table: t, ⟪mode: upsert}\n"),
        "DF-SPEC-001",
        "o",
        "`mode`",
        "below `write`",
    ),
    Bad(
        "where_on_aggregate",
        pipeline_text("  g: {type: transform.aggregate, from: src, group_by: [a], ⟪where: a > 1}\n"),
        "DF-SPEC-001",
        "g",
        "`having`",
        "`transform.filter`",
    ),
    Bad(
        "table_in_write",
        pipeline_text("  o: {type: target.duckdb, from: src, write: {⟪table: t}}\n"),
        "DF-SPEC-001",
        "o",
        "`keys`",
        "the node itself",
    ),
    Bad("node_field_at_top", pipeline_text("", "⟪group_by: [a]\n"), "DF-SPEC-001", None, "`group_by`", "below `nodes`"),
    Bad(
        "top_field_in_node",
        pipeline_text("  f: {type: transform.sort, from: src, limit: 1, ⟪tags: [a]}\n"),
        "DF-SPEC-001",
        "f",
        "`tags`",
        "top of the file",
    ),
    Bad(
        "field_of_other_type",
        pipeline_text("  f: {type: transform.sort, from: src, limit: 1, ⟪having: a}\n"),
        "DF-SPEC-001",
        "f",
        "`having`",
        "`transform.aggregate`",
    ),
    Bad(
        "other_api_version",
        "apiVersion: ⟪dataflow/v2\nkind: Pipeline\nid: sample\nnodes: {}\n",
        "DF-SPEC-004",
        None,
        "`dataflow/v1`",
        "`dataflow/v1`",
    ),
    Bad(
        "id_beside_stem",
        pipeline_text("").replace("id: sample", "id: ⟪other"),
        "DF-ID-001",
        None,
        "`sample`",
        "other.yaml",
    ),
)


@pytest.mark.parametrize("bad", TEXTS, ids=lambda bad: bad.name)
def test_parse_bad_text_gives_a_finding_in_its_place(bad: Bad) -> None:
    finding = found(bad.text, bad.code)
    assert finding.node == bad.node
    assert bad.message in finding.message
    assert (finding.hint is None) if bad.hint is None else (bad.hint in (finding.hint or ""))
    assert finding.severity is Severity.ERROR
    assert finding.file == FILE


@pytest.mark.parametrize("bad", TEXTS, ids=lambda bad: bad.name)
def test_require_of_a_bad_file_raises_with_its_findings(bad: Bad) -> None:
    loaded = load_text(bad.text)
    with pytest.raises(InvalidPipelineError, match=bad.code):
        loaded.require()


def test_parse_not_utf8_names_the_byte_and_its_place() -> None:
    loaded = parse_pipeline("id: sample\nname: Łódź".encode("latin2"), FILE)
    assert [(f.code, f.line, f.column) for f in loaded.findings] == [("DF-YAML-002", 2, 7)]
    assert "0xA3" in loaded.findings[0].message


def test_parse_utf16_says_so() -> None:
    loaded = parse_pipeline("id: sample\n".encode("utf-16"), FILE)
    assert loaded.findings[0].code == "DF-YAML-002"
    assert "UTF-16" in (loaded.findings[0].hint or "")


def test_load_five_megabytes_is_refused_without_parsing(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: b\n" * MAX_BYTES)
    findings = load_pipeline(path).findings
    assert [(f.code, f.line, f.column) for f in findings] == [("DF-YAML-001", 1, 1)]
    assert "1,000,000" in findings[0].message


@pytest.mark.parametrize("name", ["missing.yaml", "folder"])
def test_load_unreadable_path_is_a_finding(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    assert [f.code for f in load_pipeline(tmp_path / name).findings] == ["DF-FILE-001"]


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\n"])
def test_parse_any_line_break_gives_the_same_place(line_break: str) -> None:
    marked = read_mark(pipeline_text("  f: {type: transform.filter, from: ⟪nope, where: a}\n"))
    loaded = parse_pipeline(marked.text.replace("\n", line_break), FILE)
    assert [(f.line, f.column) for f in loaded.findings if f.code == "DF-EDGE-001"] == [(marked.line, marked.column)]


def test_parse_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_pipeline(b"\xef\xbb\xbf" + pipeline_text("").encode(), FILE).findings == ()


def test_parse_many_mistakes_gives_all_findings_in_order_of_lines() -> None:
    text = pipeline_text(
        "  a: {type: transform.filtr, from: nope}\n"
        "  b: {type: transform.filter, from: src, wher: x, retries: -1}\n"
        "  c: {type: transform.sort, from: src, from: src}\n"
        "  d: {type: transform.join, from: {left: src, rigth: out}, how: inner}\n",
        "colour: red\nschedule: {cron: 0 61 * * *, timezone: Mars, start: 2026-02-01, end: 2026-01-01}\n",
    )
    findings = load_text(text).findings
    assert [f.line for f in findings] == sorted(f.line for f in findings)
    assert {
        "DF-SPEC-001", "DF-SCHED-001", "DF-SCHED-003", "DF-SCHED-006", "DF-SPEC-005", "DF-EDGE-001", "DF-SPEC-002",
        "DF-SPEC-007", "DF-YAML-009", "DF-EDGE-007", "DF-NODE-005", "DF-NODE-004",
    } <= {f.code for f in findings}  # fmt: skip


def test_parse_a_mistyped_key_reports_no_missing_partner() -> None:
    text = pipeline_text("  s: {type: source.duckdb, ⟪tabel: x}\n  o: {type: target.duckdb, from: s, table: t}\n")
    assert codes(text) == ["DF-SPEC-001"]


@pytest.mark.parametrize(
    "flag", ["checkpoint: yes", "enabled: on", "checkpoint: no", "enabled: true", "retry_backoff: Off"]
)
def test_parse_old_booleans_are_taken_where_only_a_boolean_can_be(flag: str) -> None:
    text = pipeline_text("").replace("table: raw.calls}", f"table: raw.calls, {flag}}}")
    assert [c for c in codes(text) if c.startswith("DF-SPEC")] == []


@pytest.mark.parametrize("value", ["SELECT a & b FROM t", "COUNT(*)", "a * b", "a *b", "'*/5'", "x &y"])
def test_parse_sql_operators_are_no_anchors(value: str) -> None:
    text = pipeline_text("").replace("table: raw.calls", f"query: {value}")
    assert codes(text) == []


def test_parse_names_that_look_like_words_of_other_yaml_readers_stay_text() -> None:
    nodes = "  e: {type: transform.expression, from: src, columns: {y: a, n: b}}\n"
    nodes += "  o: {type: target.duckdb, from: e, table: t}\n"
    pipeline = load_text(pipeline_text(nodes)).require()
    assert list(vars(pipeline.nodes["e"])["columns"]) == ["y", "n"]


def test_every_message_says_its_value_in_backticks() -> None:
    silent = {
        "empty_file",
        "only_comments",
        "tab_indent",
        "tab_deeper",
        "list_at_top",
        "two_documents",
        "map_key",
        "jinja",
    }
    silent |= {"unclosed_quote", "empty_nodes", "node_is_list"}
    for bad in TEXTS:
        assert bad.name in silent or re.search("`[^`]+`", found(bad.text, bad.code).message), bad.name
