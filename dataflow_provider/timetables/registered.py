"""The timetables that the plugin registers, imported when Airflow looks one up: most processes never do."""

from __future__ import annotations

from collections.abc import Iterator


class LazyTimetables(list[type]):
    """The list of our timetable classes; it is filled when it is first walked through."""

    def __iter__(self) -> Iterator[type]:
        if not len(self):
            from dataflow_provider.timetables.local_cron import LocalCronTimetable

            self.append(LocalCronTimetable)
        return super().__iter__()
