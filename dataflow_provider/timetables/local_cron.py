"""`LocalCronTimetable`: a cron in a zone, on business days; what it decides stands in `schedules`.

Used where Airflow's own cron timetable cannot do: with a calendar, and for crons of every hour on some days only, which
Airflow moves by an hour after a weekend in which the clocks changed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.timetables.base import DagRunInfo, DataInterval
from airflow.timetables.interval import CronDataIntervalTimetable
from pendulum import instance, timezone

from dataflow_provider.schedules.rule import RunRule, ScheduledRun
from dataflow_provider.schedules.wording import describe_rule

if TYPE_CHECKING:
    from airflow.timetables.base import TimeRestriction
    from pendulum import DateTime


class LocalCronTimetable(CronDataIntervalTimetable):
    """Runs by a `RunRule`. Intervals have no gap: also where the schedule itself is changed between two runs.

    Catch-up off means that missed runs are left out, as in Airflow: the first run is the last one that was due.
    """

    def __init__(self, rule: RunRule) -> None:
        # Not Airflow's constructor: it has the cron described in English, which takes a millisecond at every parse.
        self._expression = rule.cron.cron
        self._timezone = timezone(rule.cron.timezone)
        self.rule = rule

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> LocalCronTimetable:
        return cls(RunRule.from_json(data))

    def serialize(self) -> dict[str, Any]:
        return self.rule.to_json()

    @property
    def summary(self) -> str:
        return describe_rule(self.rule)

    @property
    def description(self) -> str:  # type: ignore[override]  # Airflow's is a plain attribute; ours is made when asked for
        return describe_rule(self.rule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalCronTimetable) and other.serialize() == self.serialize()

    def __hash__(self) -> int:
        return hash((self._expression, self.rule.cron.timezone))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        start = self._next_start(last_automated_data_interval, restriction)
        if start is None or (restriction.latest is not None and start > restriction.latest):
            return None
        run = next(self.rule.runs_after(start), None)
        return None if run is None else DagRunInfo(instance(run.due), _interval(run))

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """Return the interval of the last run that was due; of a schedule that never was, the moment alone."""
        run = self.rule.last_due(run_after)
        return DataInterval.exact(run_after) if run is None else _interval(run)

    def _next_start(self, last: DataInterval | None, restriction: TimeRestriction) -> datetime | None:
        earliest = None if restriction.earliest is None else self.rule.cron.at_or_after(restriction.earliest)
        if not restriction.catchup:
            due = self.rule.last_due(datetime.now(UTC))
            starts = [moment for moment in (earliest, due.start if due else None) if moment is not None]
            earliest = max(starts, default=None)
        if last is None:
            return earliest
        start = self._following(last)
        return start if earliest is None else max(start, earliest)

    def _following(self, last: DataInterval) -> datetime:
        """Return where the next interval starts: at the last tick by the end of the one before.

        After a change of the schedule that may be earlier than the end, so that rows are read twice rather than never;
        but not so early that the run would have the logical date of the one before.
        """
        tick = self.rule.cron.at_or_before(last.end)
        return last.end if tick is None or tick <= last.start else tick


def _interval(run: ScheduledRun) -> DataInterval:
    return DataInterval(instance(run.start), instance(run.end))
