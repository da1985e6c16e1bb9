from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.schedules.calendar_files import load_calendar
from dataflow_provider.spec.project import Project

FILE = """\
title: Billing days
extends: PL
holidays:
  "2026-12-31": Year-end closing
  "2026-12-30":
business_days: [2026-05-02]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "yaml_pipelines" / "_calendars").mkdir(parents=True)
    return Project.of(tmp_path / "yaml_pipelines" / "telecom" / "calls.yaml")


def write(project: Project, text: str, name: str = "billing.yaml") -> None:
    (project.root / "yaml_pipelines" / "_calendars" / name).write_text(text, encoding="utf-8")


def test_calendar_file_opens_and_closes_days_of_its_base(project: Project) -> None:
    write(project, FILE)
    calendar = load_calendar("billing.yaml", project)
    reasons = [calendar.closed_because(date(2026, month, day)) for month, day in ((12, 31), (12, 30), (12, 25), (5, 3))]
    assert reasons == ["Year-end closing", "holiday", "Christmas Day", "National Day of the Third of May"]
    assert calendar.is_open(date(2026, 5, 2)), "a Saturday that the file opens"
    assert calendar.describe() == "Billing days"


def test_calendar_file_relative_to_the_project_and_without_a_base(project: Project) -> None:
    (project.root / "days.yaml").write_text('holidays: ["2026-05-04"]\n', encoding="utf-8")
    calendar = load_calendar("days.yaml", project)
    assert [calendar.is_open(date(2026, 5, day)) for day in (1, 2, 4)] == [True, False, False]
    assert calendar.describe() == "days"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("holiday: []\n", "the key `holiday` is unknown"),
        ("- 2026-01-01\n", "it holds no map"),
        ("holidays: [soon]\n", "`soon` in `holidays` is no date"),
        ("holidays: {x: y}\n", "`x` in `holidays` is no date"),
        ("extends: other.yaml\n", "`extends` is `other.yaml`"),
        ('holidays: ["2026-05-02"]\nbusiness_days: [2026-05-02]\n', "stands in `holidays` and in `business_days`"),
        ("title: [1]\n", "`title` is no text"),
        ("title: a\ntitle: b\n", "title"),
    ],
)
def test_calendar_file_that_is_wrong_is_refused_with_its_place(project: Project, text: str, told: str) -> None:
    write(project, text)
    with pytest.raises(AuthorError, match=r"billing\.yaml") as caught:
        load_calendar("billing.yaml", project)
    assert caught.value.code == "DF-SCHED-011"
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.yaml", "DF-SCHED-011"), ("../../../etc/x.yaml", "DF-FILE-002"), ("XX", "DF-SCHED-008"),
     ("DE-QQ", "DF-SCHED-008"), ("SG-A", "DF-SCHED-008")],
)  # fmt: skip
def test_calendar_that_does_not_exist_is_refused(project: Project, name: str, code: str) -> None:
    with pytest.raises(AuthorError) as caught:
        load_calendar(name, project)
    assert caught.value.code == code
