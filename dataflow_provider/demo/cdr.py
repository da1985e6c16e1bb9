"""Call detail records of one day and service as lines of text, with the dirt that real mediation delivers.

One `Service` tells how a clean record looks; `dirty_day` multiplies, delays, corrects and breaks records at the rates
of `Dirt`. Nothing here touches a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random

from dataflow_provider.demo.reference import PARTNERS, Reference, msisdn_of

# Share of a day's traffic by local hour: quiet nights, an evening peak.
HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 10, 11, 10, 9, 9, 10, 12, 14, 15, 14, 11, 7, 4)
_HOURS_CUMULATED = tuple(accumulate(HOUR_WEIGHTS))
_UNKNOWN_FROM = 90_000_000
APNS = ("internet", "internet", "internet", "ims", "corp.vpn")


@dataclass(frozen=True)
class Dirt:
    """Shares of the clean records, each between 0 and 1."""

    duplicate: float = 0.01
    correction: float = 0.004
    late: float = 0.01
    malformed: float = 0.003
    unknown_subscriber: float = 0.005
    missing_cell: float = 0.005
    roaming: float = 0.03


DIRT = Dirt()


@dataclass(frozen=True)
class Traffic:
    """Who calls where: what every record is drawn from."""

    msisdns: Sequence[str]
    cells: Sequence[str]

    @classmethod
    def of(cls, reference: Reference) -> Traffic:
        """Traffic of the operator's own subscribers and cells."""
        return cls(reference.values("crm.subscribers", "msisdn"), reference.values("ref.cells", "cell_id"))

    def subscriber(self, random: Random) -> str:
        """One number; few subscribers make most of the traffic, and some are unknown to the operator."""
        if random.random() < DIRT.unknown_subscriber:
            return msisdn_of(_UNKNOWN_FROM + random.randrange(1000))
        return self.msisdns[int(len(self.msisdns) * random.random() ** 2)]

    def place(self, random: Random) -> tuple[str, str]:
        """Cell and visited network; abroad there is no cell, at home no visited network."""
        draw = random.random()
        if draw < DIRT.roaming:
            return "", random.choice(PARTNERS)[0]
        if draw < DIRT.roaming + DIRT.missing_cell:
            return "", ""
        return random.choice(self.cells), ""


@dataclass(frozen=True)
class Service:
    """One kind of record: how its file looks and how one record is drawn.

    `number` and `moment` are positions of columns that dirt breaks; `number` is also what a correction changes.
    The first column is the record's key, the last the moment it was recorded.
    """

    name: str
    delimiter: str
    share: float
    columns: tuple[str, ...]
    number: int
    moment: int
    draw: Callable[[Traffic, Random, datetime], tuple[list[str], datetime]]


def _voice(traffic: Traffic, random: Random, start: datetime) -> tuple[list[str], datetime]:
    cell, network = traffic.place(random)
    duration = 0 if random.random() < 0.08 else 1 + int(random.expovariate(1 / 110))
    direction = "MO" if random.random() < 0.6 else "MT"
    cause = "busy" if duration == 0 else "normal" if random.random() < 0.97 else "drop"
    caller, other = traffic.subscriber(random), traffic.subscriber(random)
    fields = [caller, other, direction, str(start), str(duration), cell, network, cause]
    return fields, start + timedelta(seconds=duration)


def _sms(traffic: Traffic, random: Random, start: datetime) -> tuple[list[str], datetime]:
    cell, network = traffic.place(random)
    draw = random.random()
    status = "delivered" if draw < 0.95 else "expired" if draw < 0.98 else "failed"
    segments = 1 + int(random.expovariate(1.5))
    fields = [traffic.subscriber(random), traffic.subscriber(random), str(start), str(segments), status, cell, network]
    return fields, start


def _data(traffic: Traffic, random: Random, start: datetime) -> tuple[list[str], datetime]:
    cell, network = traffic.place(random)
    end = start + timedelta(seconds=5 + int(random.expovariate(1 / 900)))
    down = int(random.lognormvariate(15.5, 1.6))
    up = "" if random.random() < 0.004 else str(down // random.randrange(5, 20))
    rat = random.choice(("2G", "4G", "4G", "4G", "5G", "5G"))
    fields = [traffic.subscriber(random), str(start), str(end), str(down), up, rat, random.choice(APNS), cell, network]
    return fields, end


SERVICES = (
    Service(
        "voice", ";", 0.45,
        ("call_id", "msisdn", "other_msisdn", "direction", "started_at", "duration_s", "cell_id", "visited_network",
         "end_cause", "recorded_at"),
        number=5, moment=4, draw=_voice,
    ),
    Service(
        "sms", ",", 0.20,
        ("sms_id", "msisdn", "other_msisdn", "sent_at", "segments", "status", "cell_id", "visited_network",
         "recorded_at"),
        number=4, moment=3, draw=_sms,
    ),
    Service(
        "data", "|", 0.35,
        ("session_id", "msisdn", "started_at", "ended_at", "bytes_down", "bytes_up", "rat", "apn", "cell_id",
         "visited_network", "recorded_at"),
        number=4, moment=2, draw=_data,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DayOfLines:
    """Lines for the file of the day itself, and those that the next day's file delivers late."""

    on_time: list[str]
    late: list[str]


def dirty_day(service: Service, traffic: Traffic, day: date, count: int, random: Random) -> DayOfLines:
    """`count` records of one day plus their dirt; records are ordered by start, as mediation writes them."""
    result = DayOfLines([], [])
    for number, start in enumerate(_starts(day, count, random), start=1):
        fields, end = service.draw(traffic, random, start)
        record = [f"{service.name[0].upper()}{day:%Y%m%d}{number:07d}", *fields, str(end + timedelta(seconds=2))]
        for is_late, line in _deliveries(service, record, end, random):
            (result.late if is_late else result.on_time).append(line)
    return result


def _starts(day: date, count: int, random: Random) -> list[datetime]:
    midnight = datetime.combine(day, time())
    hours = random.choices(range(24), cum_weights=_HOURS_CUMULATED, k=count)
    return sorted(midnight + timedelta(seconds=hour * 3600 + int(random.random() * 3600)) for hour in hours)


def _deliveries(service: Service, record: list[str], end: datetime, random: Random) -> Iterator[tuple[bool, str]]:
    """What mediation makes of one record, as (late, line): usually one line on time."""
    line = service.delimiter.join(record)
    draw = random.random()
    yield draw < DIRT.late, line
    if random.random() < DIRT.duplicate:
        yield random.random() < 0.3, line
    if random.random() < DIRT.correction:
        yield True, service.delimiter.join(_corrected(service, record, end))
    if random.random() < DIRT.malformed:
        yield False, _malformed(service, record, random)


def _corrected(service: Service, record: list[str], end: datetime) -> list[str]:
    """The same record delivered again six hours later with a higher figure."""
    fixed = list(record)
    fixed[service.number] = str(int(record[service.number]) + 1)
    fixed[-1] = str(end + timedelta(hours=6))
    return fixed


def _malformed(service: Service, record: list[str], random: Random) -> str:
    """A line that no reader can take as it stands; its key exists nowhere else."""
    broken = [f"{record[0]}X", *record[1:]]
    kind = random.randrange(6)
    if kind == 0:
        return "#### MEDIATION RESTART ####"
    if kind == 1:
        return service.delimiter.join(broken[:4])
    if kind == 2:
        return service.delimiter.join([*broken, "9", "9"])
    if kind == 3:
        broken[service.number] = random.choice(("12x", "n/a", "1e"))
    elif kind == 4:
        broken[service.moment] = random.choice(("2026-13-45 10:00:00", "yesterday", "2026-06-02 25:61:00"))
    else:
        broken[1] = ""
    return service.delimiter.join(broken)
