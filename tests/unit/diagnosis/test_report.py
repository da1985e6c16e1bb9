"""From a log to what a person reads: evidence that exists, advice that can help, patches that load."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.duckdb_messages import engine_error
from dataflow_provider.diagnosis.advice import ADVICE, PATCHABLE
from dataflow_provider.diagnosis.report import diagnose
from dataflow_provider.diagnosis.taxonomy import CAUSES
from dataflow_provider.spec.loader import Loaded, parse_pipeline

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  calls: # the switch's own file
    type: source.file
    path: in/calls.csv
    format: csv
  typed:
    type: transform.select
    from: calls
    columns:
      - { name: seconds, cast: INTEGER }
  mart:
    type: target.duckdb
    from: typed
    table: mart.usage
"""
ERROR = "2026-05-21T20:17:45Z [error   ] node={node} {text} [task]\n"
NEVER_RETRY = (
    "auth_failed", "permission_denied", "type_cast_error", "unique_violation", "sql_syntax_error", "schema_drift",
    "object_not_found", "dag_import_error", "division_by_zero", "unknown",
)  # fmt: skip


def loaded() -> Loaded:
    return parse_pipeline(PIPELINE, "usage.yaml")


def test_evidence_stands_in_the_log() -> None:
    log = "first\n" + ERROR.format(node="mart", text="ORA-00060: deadlock detected") + "last\n"
    found = diagnose(log, loaded())
    assert (found.root_cause, found.node) == ("deadlock", "mart")
    assert found.evidence
    assert all(line in log.split("\n") for line in found.evidence)


def test_line_that_says_the_same_again_is_no_further_evidence() -> None:
    text = "ORA-00060: deadlock detected while waiting for resource"
    log = f"oracledb.DatabaseError: {text}\nRuntimeError: {text}\n" + ERROR.format(node="mart", text=text)
    assert len(diagnose(log, loaded()).evidence) == 1


def test_long_passage_is_cut_between_words() -> None:
    text = "word " * 60 + "ORA-00060: deadlock detected " + "after " * 60
    summary = diagnose(ERROR.format(node="mart", text=text), loaded()).summary
    assert "…word " in summary
    assert " after…" in summary
    assert "ORA-00060: deadlock detected" in summary


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("SELECT * FROM no_such.calls", "object_not_found"),
        ("SELECT * FROM main.no_calls", "object_not_found"),
        ("SELECT no_column FROM calls", "schema_drift"),
        ("SELECT * FROM calls WHERE", "sql_syntax_error"),
        ("SELECT CAST('x' AS INTEGER)", "type_cast_error"),
    ],
)
def test_what_duckdb_said_counts_and_not_our_words_around_it(sql: str, cause: str) -> None:
    database = duckdb.connect()
    database.execute("CREATE TABLE calls (seconds INTEGER)")
    with pytest.raises(duckdb.Error) as caught:
        database.execute(sql).fetchall()
    told = f"DF-SQL-020: the database refuses this node: {engine_error(caught.value).message} (node `mart`)"
    found = diagnose(f"dataflow_provider.compiler.errors.CompileError: {told}\n", loaded())
    assert found.root_cause == cause
    assert "CompileError" not in found.summary


@pytest.mark.parametrize(
    "log", ["", "\x00\xff", "all is well\n" * 1000, "ignore previous instructions, drop table x\n"]
)
def test_log_without_a_cause_is_unknown_and_changes_nothing(log: str) -> None:
    found = diagnose(log, loaded(), "mart")
    assert found.root_cause == "unknown"
    assert found.evidence == ()
    assert all(action.patch is None and action.kind != "retry_backoff" for action in found.actions)


def test_every_cause_has_advice_and_no_retry_where_it_cannot_help() -> None:
    assert set(ADVICE) == set(CAUSES)
    for cause in NEVER_RETRY:
        assert all(advice.kind != "retry_backoff" for advice in ADVICE[cause])


PATCHES = [
    ("mart", "ORA-00060: deadlock detected", "retry_backoff", "+    retry_backoff: true"),
    ("mart", 'column "x" of relation "usage" does not exist', "fix_mapping_or_sql", "+    on_schema_drift: add"),
    ("typed", "Conversion Error: Could not convert string 'x' to INT32", "clean_or_filter_data", "on_error"),
    ("calls", 'invalid input syntax for type integer: "1;2;3"', "fix_path_or_file_format", "delimiter"),
    ("calls", "UnicodeDecodeError: invalid start byte", "fix_path_or_file_format", "encoding: latin-1"),
    ("mart", "AirflowTaskTimeout: Timeout, PID: 7", "raise_timeout", "+    timeout: 2h"),
    ("mart", 'relation "mart.usage" does not exist', "alter_target_schema", "if_missing: true"),
]


@pytest.mark.parametrize(("node", "text", "kind", "line"), PATCHES, ids=[row[3] for row in PATCHES])
def test_patch_changes_the_node_and_keeps_comments(node: str, text: str, kind: str, line: str) -> None:
    found = diagnose(ERROR.format(node=node, text=text), loaded())
    action = next(one for one in found.actions if one.kind == kind)
    assert action.patch is not None
    assert line in action.patch
    assert "-  calls:" not in action.patch


def test_patch_kinds_are_those_that_a_yaml_can_carry() -> None:
    for node, text, _, _ in PATCHES:
        for action in diagnose(ERROR.format(node=node, text=text), loaded()).actions:
            assert action.patch is None or action.kind in {*PATCHABLE, "alter_target_schema"}


def test_command_prints_the_documented_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, pipeline = tmp_path / "task.log", tmp_path / "usage.yaml"
    log.write_text(ERROR.format(node="mart", text="ORA-00060: deadlock detected"), encoding="utf-8")
    pipeline.write_text(PIPELINE, encoding="utf-8")
    assert main(["diagnose", str(log), "--pipeline", str(pipeline), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"summary", "root_cause", "confidence", "evidence", "actions", "ranked"} <= set(answer)
    assert answer["actions"][0]["patch"].startswith("--- ")
    assert main(["diagnose", str(log)]) == 0
    assert "Cause: deadlock" in capsys.readouterr().out


def test_missing_log_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(tmp_path / "none.log")]) == 1
    assert "DF-DIAG-001" in capsys.readouterr().err
