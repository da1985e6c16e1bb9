"""Calendar files: business days of one's own, as a base and the days that differ from it.

A file lies under `yaml_pipelines/_calendars/`, or is named relative to the project:

    title: Billing days            # shown to people; optional
    extends: PL                    # a country, `weekdays` (when omitted) or `every_day`
    holidays:                      # closed, whatever the base says; the name may be left out
      2026-12-31: Year-end closing
    business_days: [2026-05-02]    # open, whatever the base says
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.schedules.calendars import WEEKDAYS, Calendar, named_calendar
from dataflow_provider.spec.document import MAX_BYTES, read_document
from dataflow_provider.spec.project import PIPELINES_FOLDER, Project

CALENDARS_FOLDER = "_calendars"
_KEYS = ("title", "extends", "holidays", "business_days")


def is_file_name(written: str) -> bool:
    """Return whether a `calendar` names a file: country codes and `weekdays` have no dot."""
    return "." in written


def title_of(written: str) -> str:
    """Return what a calendar file is called that has no title.

    >>> title_of("_calendars/billing_days.yaml")
    'billing days'
    """
    return Path(written).stem.replace("_", " ")


def load_calendar(written: str, project: Project) -> Calendar:
    """Return the calendar a schedule names: a country, `weekdays`, or a file of the project.

    Raises:
        AuthorError: DF-SCHED-008 for an unknown country, DF-SCHED-011 for a file that is missing or not a calendar,
            DF-FILE-002 for one outside the file roots.
    """
    if not is_file_name(written):
        return named_calendar(written)
    path = _find(written, project)
    with path.open("rb") as stream:
        document = read_document(stream.read(MAX_BYTES + 1))
    if document.faults:
        fault = document.faults[0]
        raise _refused(path, f"{fault.message}", Place(str(path), fault.line, fault.column))
    return _read(document.data, path)


def _find(written: str, project: Project) -> Path:
    shared = project.root / PIPELINES_FOLDER / CALENDARS_FOLDER
    places = [Path(project.resolve_file(str(shared / written))), Path(project.resolve_file(written))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = " and ".join(f"`{place}`" for place in places)
        raise AuthorError("DF-SCHED-011", f"The calendar file `{written}` does not exist; looked for {looked}.")
    return found


def _read(data: Any, path: Path) -> Calendar:
    if not isinstance(data, dict):
        raise _refused(path, "it holds no map")
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        raise _refused(path, f"the key `{unknown[0]}` is unknown; allowed are {', '.join(f'`{key}`' for key in _KEYS)}")
    title = data.get("title")
    if title is not None and not isinstance(title, str):
        raise _refused(path, "`title` is no text")
    base = data.get("extends", WEEKDAYS)
    if not isinstance(base, str) or is_file_name(base):
        raise _refused(path, f"`extends` is `{base}`; allowed are a country, `weekdays` and `every_day`")
    calendar = Calendar(
        base=named_calendar(base).base,
        title=title or title_of(path.name),
        holidays=_holidays(data.get("holidays") or {}, path),
        business_days=frozenset(_day(day, "business_days", path) for day in _list(data.get("business_days"), path)),
    )
    both = sorted(calendar.business_days & calendar.holidays.keys())
    if both:
        raise _refused(path, f"`{both[0]}` stands in `holidays` and in `business_days`")
    return calendar


def _holidays(written: Any, path: Path) -> dict[date, str]:
    if isinstance(written, list):
        return dict.fromkeys((_day(day, "holidays", path) for day in written), "")
    if not isinstance(written, dict):
        raise _refused(path, "`holidays` is neither a map of days to names nor a list of days")
    for name in written.values():
        if name is not None and not isinstance(name, str):
            raise _refused(path, f"the name `{name}` of a holiday is no text")
    return {_day(day, "holidays", path): name or "" for day, name in written.items()}


def _list(written: Any, path: Path) -> list[Any]:
    if written is None:
        return []
    if not isinstance(written, list):
        raise _refused(path, "`business_days` is no list of days")
    return written


def _day(written: Any, key: str, path: Path) -> date:
    if type(written) is date:
        return written
    try:
        return date.fromisoformat(str(written))
    except ValueError as exc:
        raise _refused(path, f"`{written}` in `{key}` is no date like `2026-12-31`") from exc


def _refused(path: Path, what: str, place: Place | None = None) -> AuthorError:
    return AuthorError(
        "DF-SCHED-011",
        f"The calendar file `{path.name}` cannot be used: {what.rstrip('.')}.",
        place=place or Place(str(path)),
        hint="docs/schedule.md shows the format.",
    )
