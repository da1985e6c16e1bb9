"""The signature engine on whole logs (`dev.jsonl`, `logs.txt`) and single messages (`messages.txt`), with gates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from dataflow_provider.diagnosis.engine import Ranked, judge
from dataflow_provider.diagnosis.taxonomy import CAUSES, UNKNOWN
from tests.evals.diagnosis.written import read_cases

HERE = Path(__file__).parent
LOG = """\
2026-05-21T20:17:43.492000Z [info    ] start [loader]
2026-05-21T20:17:45.126000Z [error   ] Task failed with exception     [task]
Traceback (most recent call last):
  File "/opt/dags/load.py", line 16, in load
    cursor.execute(statement)
{message}
2026-05-21T20:17:45.387000Z [info    ] Task exited with return code 1 [task]
"""


NOISE = (
    "[info    ] statement timeout for this session: 949 s [app]",
    "[info    ] pool size 5, max overflow 10 [app.pool]",
    "[warning ] attempt 1 of 5 failed: Connection reset by peer, retrying in 2 s [app.http]",
    "[info    ] disk 81 % used [app.metrics]",
    "[info    ] 0 rows rejected, 0 duplicates [app.load]",
    "[info    ] lock timeout 30 s [app]",
    "[info    ] token refreshed, expires in 3600 s [app.auth]",
    "[info    ] reconnected after timeout, succeeded on attempt 2 [app.http]",
    "[warning ] OpenLineage: event was not delivered in time, dropped [openlineage.client]",
)
WRAPPER = """

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/opt/dags/load.py", line 40, in run
    load()
RuntimeError: step failed
"""


@dataclass(frozen=True)
class Answer:
    """The truth and what was said."""

    case: str
    cause: str
    ranked: tuple[Ranked, ...]

    @property
    def abstains(self) -> bool:
        return not self.ranked or self.ranked[0].root_cause == UNKNOWN

    @property
    def is_right(self) -> bool:
        return bool(self.ranked) and self.ranked[0].root_cause == self.cause

    @property
    def suspects(self) -> list[str]:
        return [one.root_cause for one in self.ranked if one.root_cause != UNKNOWN][:3]


@pytest.fixture(scope="module")
def logs() -> list[Answer]:
    cases = [json.loads(line) for line in (HERE / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Answer(case["id"], case["root_cause"], judge(case["log"]).ranked) for case in cases]


@pytest.fixture(scope="module")
def written() -> list[Answer]:
    return [Answer(case.log[-200:], case.cause, judge(case.log).ranked) for case in read_cases()]


@pytest.fixture(scope="module")
def messages() -> list[Answer]:
    return [Answer(message, cause, judge(LOG.format(message=message)).ranked) for cause, message in read_messages()]


@pytest.fixture(scope="module")
def noisy() -> list[Answer]:
    """Every third message behind calm lines that mention other causes, in a wrapper."""
    noise = "".join(f"2026-05-21T20:17:4{at % 3}.0Z {line}\n" for at, line in enumerate(NOISE))
    return [
        Answer(message, cause, judge(noise + LOG.format(message=message + WRAPPER)).ranked)
        for cause, message in read_messages()[::3]
    ]


def read_messages() -> list[tuple[str, str]]:
    lines = (HERE / "messages.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.partition("|") for line in lines]
    return [(cause, message.replace("\\n", "\n").replace("\\t", "\t")) for cause, _, message in parts]


def share(right: int, of: int) -> float:
    return right / of


def expected_calibration_error(answers: list[Answer]) -> float:
    """Return the mean gap between confidence and accuracy over ten bins, of the answers that name a cause."""
    given = [answer for answer in answers if not answer.abstains]
    bins: dict[int, list[Answer]] = {}
    for answer in given:
        bins.setdefault(min(9, int(answer.ranked[0].confidence * 10)), []).append(answer)
    gaps = [
        abs(sum(one.ranked[0].confidence for one in bin_) - sum(one.is_right for one in bin_)) for bin_ in bins.values()
    ]
    return sum(gaps) / len(given)


@pytest.mark.parametrize("source", ["logs", "written", "messages", "noisy"])
def test_scores_meet_the_aims(source: str, request: pytest.FixtureRequest) -> None:
    answers: list[Answer] = request.getfixturevalue(source)
    known = [answer for answer in answers if answer.cause != UNKNOWN]
    unknown = [answer for answer in answers if answer.cause == UNKNOWN]
    wrong = [(answer.case[:80], answer.cause, answer.suspects) for answer in known if not answer.is_right]
    assert share(sum(answer.is_right for answer in known), len(known)) >= 0.95, wrong
    assert share(sum(answer.cause in answer.suspects for answer in known), len(known)) >= 0.97, wrong
    assert share(sum(answer.abstains for answer in unknown), len(unknown)) >= 0.9
    assert expected_calibration_error(answers) <= 0.08


def test_confidences_are_probabilities_of_the_closed_taxonomy(logs: list[Answer]) -> None:
    for answer in logs:
        assert all(one.root_cause in CAUSES and 0 <= one.confidence <= 1 for one in answer.ranked)
        assert len({one.root_cause for one in answer.ranked}) == len(answer.ranked)
