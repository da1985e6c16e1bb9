"""The moments at which a cron fires on the wall clock of a zone, right when its clocks change.

- A time that the clocks skip comes when they have moved: 02:30 becomes 03:30 on that day.
- A time that comes twice fires once, the second time; a cron for every hour fires in both hours, as both are hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

# No zone moves its clocks by more; ticks whose wall times lie further apart keep their order.
_NEAR = timedelta(hours=3)
_AROUND = timedelta(hours=6)


class LocalCron:
    """A five-field cron read on the wall clock of a zone. Moments go in and come out aware; those returned are UTC."""

    def __init__(self, cron: str, timezone: str) -> None:
        self.cron = cron
        self.timezone = timezone
        self.zone = zone_of(timezone)
        self._fixed = timezone == "UTC"
        minutes, hours, *days = croniter.expand(cron)[0]
        self.every_hour = hours == ["*"]
        # A cron of every day is counted on by ourselves: croniter takes 0.1 ms for a tick, and a year has 8,760 hours.
        self._times: list[time] | None = None
        if all(field == ["*"] for field in days[:3]):
            every = ((range(24) if self.every_hour else hours), (range(60) if minutes == ["*"] else minutes))
            self._times = sorted(time(int(hour), int(minute)) for hour in every[0] for minute in every[1])

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick later than the moment; None when there is none in the next fifty years."""
        return next(self.all_after(moment), None)

    def all_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the ticks later than the moment, in order."""
        now = moment.astimezone(UTC).replace(second=0, microsecond=0)
        times: Iterator[datetime] | None = None
        near = self._is_near_change(now)
        try:
            while True:
                times = times or self._walls_after(self._wall(now))
                tick = self._plain(next(times))
                was_near, near = near, self._is_near_change(tick)
                if was_near or near:
                    tick, times = self._step(now, 1), None
                    near = self._is_near_change(tick)
                yield tick
                now = tick
        except CroniterBadDateError:
            return

    def _walls_after(self, wall: datetime) -> Iterator[datetime]:
        """Yield the wall times of the cron that are later, whether the zone has them or not."""
        if self._times is None:
            times = croniter(self.cron, wall)
            while True:
                yield times.get_next(datetime)
        day = wall.date()
        while True:
            yield from (moment for at in self._times if (moment := datetime.combine(day, at)) > wall)
            day += timedelta(days=1)

    def before(self, moment: datetime) -> datetime | None:
        """Return the last tick earlier than the moment; None when there was none in fifty years."""
        now = moment.astimezone(UTC)
        if now.second or now.microsecond:
            now = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        try:
            tick = self._plain(croniter(self.cron, self._wall(now)).get_prev(datetime))
            near = self._is_near_change(now) or self._is_near_change(tick)
            return self._step(now, -1) if near else tick
        except CroniterBadDateError:
            return None

    def at_or_before(self, moment: datetime) -> datetime | None:
        """Return the moment when it is a tick, else the last tick before it."""
        return self.before(moment + timedelta(microseconds=1))

    def at_or_after(self, moment: datetime) -> datetime | None:
        """Return the moment when it is a tick, else the first tick after it."""
        return self.after(moment.astimezone(UTC) - timedelta(microseconds=1))

    def skipped_wall_time(self, tick: datetime) -> datetime | None:
        """Return the wall time that the tick stands for when the clocks have skipped it; None for any other tick."""
        wall = self._wall(tick)
        earlier = croniter(self.cron, wall + timedelta(minutes=1)).get_prev(datetime)
        return None if earlier == wall or tick not in self._moments(earlier) else earlier

    def _step(self, now: datetime, direction: int) -> datetime:
        """Return the next tick in a direction where wall times and moments need not have one order.

        Every wall time around is looked at, from well on the other side of `now` to well behind the best one found.
        """
        best: datetime | None = None
        wall = self._wall(now) - direction * _AROUND
        times = croniter(self.cron, wall)
        while best is None or (wall - self._wall(best)) * direction <= _AROUND:
            wall = times.get_next(datetime) if direction > 0 else times.get_prev(datetime)
            for tick in self._moments(wall):
                ahead = (tick - now) * direction > timedelta(0)
                if ahead and (best is None or (best - tick) * direction > timedelta(0)):
                    best = tick
        return best

    def _moments(self, wall: datetime) -> list[datetime]:
        """Return the moments that a wall time of the cron stands for."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return [first]
        # PEP 495: in a gap the reading with `fold=0` is the one after the change, by the length of the gap.
        is_gap = first > second
        if self.every_hour:
            return [] if is_gap else [first, second]
        return [first if is_gap else second]

    def _plain(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _is_near_change(self, moment: datetime) -> bool:
        if self._fixed:
            return False
        before, after = (moment - _NEAR).astimezone(self.zone), (moment + _NEAR).astimezone(self.zone)
        return before.utcoffset() != after.utcoffset()


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return the zone; made once for all pipelines that name it."""
    return ZoneInfo(name)
