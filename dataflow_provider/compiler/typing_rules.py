"""Which kinds do not meet, and how each engine takes it: refuses it, or converts in silence.

Severities were found by running every case (`tests/integration/engines/test_type_rules.py`): an error is what the
engine refuses whatever the rows are; what only some rows break, or what is converted in silence, is a warning. Engines
that were not asked give warnings only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataflow_provider.compiler.kinds import BOOLEAN, FAMILY_WORDS, MOMENT, NUMBER, TEXT
from dataflow_provider.spec.findings import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING
Pair = frozenset[str]
_TEXT_NUMBER, _TEXT_MOMENT = frozenset({TEXT, NUMBER}), frozenset({TEXT, MOMENT})
_NUMBER_MOMENT, _BOOLEAN_NUMBER, _BOOLEAN_TEXT = (
    frozenset({NUMBER, MOMENT}), frozenset({BOOLEAN, NUMBER}), frozenset({BOOLEAN, TEXT}),
)  # fmt: skip


@dataclass(frozen=True)
class Strictness:
    """What an engine makes of kinds that differ; what is not listed goes without a word.

    compare:    pairs of families in a comparison
    literal:    a text literal that is no number, compared with a number
    arithmetic: a family as an operand of + - * / %
    total:      a family inside SUM
    mean:       a family inside AVG
    branches:   pairs of families among the results of CASE and COALESCE
    condition:  a family where true or false is asked for
    text_call:  a family inside LOWER, UPPER, TRIM and LENGTH
    """

    compare: Mapping[Pair, Severity]
    literal: Severity
    arithmetic: Mapping[str, Severity]
    total: Mapping[str, Severity]
    mean: Mapping[str, Severity]
    branches: Mapping[Pair, Severity]
    condition: Mapping[str, Severity]
    text_call: Mapping[str, Severity] = field(default_factory=dict)


_POSTGRES = Strictness(
    compare=dict.fromkeys((_TEXT_NUMBER, _TEXT_MOMENT, _NUMBER_MOMENT, _BOOLEAN_NUMBER, _BOOLEAN_TEXT), ERROR),
    literal=ERROR,
    arithmetic={TEXT: ERROR, BOOLEAN: ERROR},
    total={TEXT: ERROR, MOMENT: ERROR, BOOLEAN: ERROR},
    mean={TEXT: ERROR, MOMENT: ERROR, BOOLEAN: ERROR},
    branches=dict.fromkeys((_TEXT_NUMBER, _TEXT_MOMENT, _NUMBER_MOMENT), ERROR),
    condition={NUMBER: ERROR, TEXT: ERROR, MOMENT: ERROR},
    text_call={NUMBER: ERROR, MOMENT: ERROR},
)
_DUCKDB = Strictness(
    compare=dict.fromkeys((_TEXT_NUMBER, _TEXT_MOMENT, _NUMBER_MOMENT, _BOOLEAN_TEXT), WARNING),
    literal=WARNING,
    arithmetic={TEXT: ERROR, BOOLEAN: ERROR},
    total={TEXT: ERROR, MOMENT: ERROR},
    mean={TEXT: ERROR, BOOLEAN: ERROR},
    branches=dict.fromkeys((_TEXT_NUMBER, _TEXT_MOMENT, _NUMBER_MOMENT), ERROR),
    condition={NUMBER: WARNING, TEXT: WARNING, MOMENT: WARNING},
    text_call={NUMBER: ERROR, MOMENT: ERROR},
)
_MYSQL = Strictness(
    compare=dict.fromkeys((_TEXT_NUMBER, _NUMBER_MOMENT), WARNING),
    literal=WARNING,
    arithmetic={TEXT: WARNING},
    total={TEXT: WARNING, MOMENT: WARNING},
    mean={TEXT: WARNING, MOMENT: WARNING},
    branches=dict.fromkeys((_TEXT_NUMBER, _NUMBER_MOMENT), WARNING),
    condition={TEXT: WARNING, MOMENT: WARNING},
)
_SQLITE = Strictness(
    compare={_TEXT_NUMBER: WARNING},
    literal=WARNING,
    arithmetic={TEXT: WARNING},
    total={TEXT: WARNING},
    mean={TEXT: WARNING},
    branches={_TEXT_NUMBER: WARNING},
    condition={TEXT: WARNING},
)
_NOT_ASKED = Strictness(
    compare=dict.fromkeys((_TEXT_NUMBER, _NUMBER_MOMENT), WARNING),
    literal=WARNING,
    arithmetic={TEXT: WARNING},
    total={TEXT: WARNING, MOMENT: WARNING},
    mean={TEXT: WARNING},
    branches=dict.fromkeys((_TEXT_NUMBER, _NUMBER_MOMENT), WARNING),
    condition={TEXT: WARNING, MOMENT: WARNING},
)
_BY_ENGINE = {"postgres": _POSTGRES, "duckdb": _DUCKDB, "mysql": _MYSQL, "sqlite": _SQLITE}


def strictness_of(dialect: str) -> Strictness:
    """Return how the engine takes kinds that differ."""
    return _BY_ENGINE.get(dialect, _NOT_ASKED)


def word(family: str) -> str:
    """Return the family for a sentence: `a number`."""
    return FAMILY_WORDS[family]


def outcome(severity: Severity) -> str:
    """Return what happens, for a message."""
    return "the engine refuses it" if severity is ERROR else "it fails for some rows, or is converted in silence"
