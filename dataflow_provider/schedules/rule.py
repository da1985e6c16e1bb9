"""The runs of a schedule: which ticks of the cron are runs, the interval of each, and when it is due.

Business days are judged by the local date on which a run is due. A run takes up where the one before it ended, so a
closed day loses no data: Monday's run has Friday's tick to Monday's as its interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from dataflow_provider.schedules.calendars import Calendar
from dataflow_provider.schedules.ticks import LocalCron

OnHoliday = Literal["skip", "next"]
# A schedule whose ticks are all closed for so long never runs: the rarest tick is 29 February, over 1900 and 2100 too.
_GIVE_UP = timedelta(days=9 * 366)


@dataclass(frozen=True)
class ScheduledRun:
    """One run: its interval `[start, end)` and the moment it is due, all UTC.

    `due` is later than `end` only where a holiday put the run off.
    """

    start: datetime
    end: datetime
    due: datetime


@dataclass(frozen=True)
class RunRule:
    """A cron, and the calendar that decides which of its ticks are runs.

    With `skip` a tick on a closed day is no run. With `next` the ticks of closed days become one run on the next
    business day: that day's own first run if it has one, else a run at the time of the last of those ticks.
    """

    cron: LocalCron
    calendar: Calendar | None = None
    on_holiday: OnHoliday = "skip"

    def runs_after(self, start: datetime) -> Iterator[ScheduledRun]:
        """Yield the runs whose intervals follow one another from `start` on; ends when there will be none."""
        begin = start.astimezone(UTC)
        if self.calendar is None:
            for tick in self.cron.all_after(begin):
                yield ScheduledRun(begin, tick, tick)
                begin = tick
            return
        for run in self._open_runs(begin, self.calendar):
            yield ScheduledRun(begin, run.end, run.due)
            begin = run.end

    def _open_runs(self, begin: datetime, calendar: Calendar) -> Iterator[ScheduledRun]:
        """Yield ends and dues; the starts are left to the caller."""
        held: ScheduledRun | None = None
        last = begin
        for tick in self.cron.all_after(begin):
            day = self.local_date(tick)
            if held is not None and day > self.local_date(held.due):
                yield held
                held, last = None, tick
            if calendar.is_open(day):
                yield ScheduledRun(begin, tick, tick)
                held, last = None, tick
            elif self.on_holiday == "next":
                held = self._put_off(tick, calendar.next_open(day))
            if tick - last > _GIVE_UP:
                return

    def _put_off(self, tick: datetime, day: date | None) -> ScheduledRun | None:
        """Return the run of a tick on a closed day: at the same time of the business day."""
        if day is None:
            return None
        local = tick.astimezone(self.cron.zone)
        due = datetime.combine(day, local.time().replace(fold=0), self.cron.zone).astimezone(UTC)
        return ScheduledRun(tick, tick, due)

    def last_due(self, now: datetime) -> ScheduledRun | None:
        """Return the newest run that was due by `now`, inclusive; None when there was none."""
        newest = self.cron.at_or_before(now)
        earlier = self.cron.before(newest) if newest else None
        if newest is None or earlier is None:
            return None
        if self.calendar is None:
            return ScheduledRun(earlier, newest, newest)
        # Where runs end does not depend on where counting begins: it begins a while back, and further if needed.
        back = now.astimezone(UTC) - earlier
        while back < 2 * _GIVE_UP:
            found = list(self._runs_due(now.astimezone(UTC) - back, now))
            if len(found) > 1:
                return found[-1]
            back *= 4
        return None

    def _runs_due(self, start: datetime, now: datetime) -> Iterator[ScheduledRun]:
        for run in self.runs_after(start):
            if run.due > now:
                return
            yield run

    def local_date(self, moment: datetime) -> date:
        """Return the date of the moment in the schedule's zone."""
        return moment.astimezone(self.cron.zone).date()

    def to_json(self) -> dict[str, Any]:
        """Return all that decides the runs, in the words of Airflow's own timetable where it has them."""
        return {
            "expression": self.cron.cron,
            "timezone": self.cron.timezone,
            "calendar": None if self.calendar is None else self.calendar.to_json(),
            "on_holiday": self.on_holiday,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRule:
        """Return the rule that `to_json`, or Airflow's own cron timetable, wrote."""
        calendar = data.get("calendar")
        return cls(
            LocalCron(data["expression"], data["timezone"]),
            None if calendar is None else Calendar.from_json(calendar),
            data.get("on_holiday", "skip"),
        )
