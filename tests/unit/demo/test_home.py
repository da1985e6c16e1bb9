"""The demo's home: one demo at a time, steps that survive, secrets that stay and that nobody else reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflow_provider.demo.airflow import DemoAirflow
from dataflow_provider.demo.home import DemoHome
from dataflow_provider.errors import AuthorError

PIPELINES = Path(__file__).resolve().parents[3] / "yaml_pipelines"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DemoHome]:
    home = DemoHome(tmp_path / "demo")
    home.lock()
    yield home
    home.unlock()


def test_lock_of_a_home_in_use_names_who_is_there(home: DemoHome) -> None:
    home.note_running({"launcher": "4711", "url": "http://127.0.0.1:8080"})
    with pytest.raises(AuthorError, match="DF-DEMO-002") as caught:
        DemoHome(home.root).lock()
    assert "http://127.0.0.1:8080 (process 4711)" in str(caught.value)


def test_stopping_a_demo_that_was_refused_leaves_the_other_ones_note(home: DemoHome) -> None:
    home.note_running({"instance": "abc"})
    refused = DemoAirflow(home.root, PIPELINES)
    with pytest.raises(AuthorError, match="DF-DEMO-002"):
        refused.prepare()
    refused.stop()
    assert home.running() == {"instance": "abc"}


def test_lock_after_unlock_is_granted(home: DemoHome) -> None:
    home.unlock()
    again = DemoHome(home.root)
    again.lock()
    again.unlock()


def test_lock_where_a_file_stands_says_the_home_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(AuthorError, match="DF-DEMO-003"):
        DemoHome(tmp_path / "demo").lock()


def test_home_and_its_secrets_are_for_the_owner_only(home: DemoHome) -> None:
    home.secret("jwt")
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.root / "secrets.json").stat().st_mode) == 0o600


def test_secret_stays_the_same_and_differs_by_name(home: DemoHome) -> None:
    assert home.secret("jwt") == DemoHome(home.root).secret("jwt")
    assert home.secret("jwt") != home.secret("fernet")


def test_step_is_done_for_its_value_only(home: DemoHome) -> None:
    home.note_done("metadata", "3.3.2")
    again = DemoHome(home.root)
    assert again.is_done("metadata", "3.3.2")
    assert not again.is_done("metadata", "3.4.0")
    assert again.was_done("metadata")
    assert not again.was_done("anything else")


def test_torn_notes_count_as_none(home: DemoHome) -> None:
    home.note_done("metadata", "3.3.2")
    (home.root / "steps.json").write_text('{"metadata": "3.')
    assert not home.was_done("metadata")
    (home.root / "running.json").write_text("[]")
    assert home.running() == {}


def test_note_running_is_gone_after_a_clean_end(home: DemoHome) -> None:
    home.note_running({"instance": "abc", "launcher": str(os.getpid())})
    assert home.running()["instance"] == "abc"
    home.note_stopped()
    home.note_stopped()
    assert home.running() == {}
