"""The table of countries is that of the installed `holidays` package."""

from __future__ import annotations

import re

import holidays
import pytest

from dataflow_provider.schedules.calendars import named_calendar
from dataflow_provider.schedules.countries import COUNTRIES


def test_countries_are_those_of_the_package() -> None:
    known = {code: parts for code, parts in holidays.list_supported_countries().items() if len(code) == 2}
    written = {
        code: tuple(part for part in parts if re.fullmatch("[A-Z0-9]{1,3}", part)) for code, parts in known.items()
    }
    assert {code: country.parts for code, country in COUNTRIES.items()} == written


@pytest.mark.parametrize(("code", "words"), [("PL", "Polish business days"), ("DE-BY", "German (BY) business days")])
def test_country_is_named_in_words(code: str, words: str) -> None:
    assert named_calendar(code).describe() == words
