"""Reference rows of the invented operator: tariff plans, cells, roaming partners and subscribers.

Everything follows from the seed. Numbers and identities come from ranges that no network assigns, so none can be real.
The rows hold a few gaps on purpose: subscribers without a region, or on a plan that was retired long ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa

HOME_NETWORK = "POLDF"
RETIRED_PLAN = "CLASSIC10"
CELLS_PER_REGION = 15
RATE = pa.decimal128(10, 4)

REGIONS = (
    ("Mazowieckie", 52.2, 21.0), ("Malopolskie", 50.1, 19.9), ("Slaskie", 50.3, 19.0), ("Wielkopolskie", 52.4, 16.9),
    ("Dolnoslaskie", 51.1, 17.0), ("Pomorskie", 54.3, 18.6), ("Lodzkie", 51.8, 19.5), ("Lubelskie", 51.2, 22.6),
)  # fmt: skip

# plan, name, monthly fee, per minute, per SMS, per MB, included minutes, SMS, MB
PLANS = (
    ("PREPAID", "Prepaid", "0.00", "0.2900", "0.0900", "0.0300", 0, 0, 0),
    ("START", "Start", "25.00", "0.1900", "0.0700", "0.0150", 100, 100, 2048),
    ("FAMILY", "Family", "45.00", "0.0900", "0.0500", "0.0080", 600, 500, 10240),
    ("MAX", "Max", "65.00", "0.0000", "0.0000", "0.0020", 44640, 10000, 51200),
    ("BIZ", "Business", "80.00", "0.0500", "0.0300", "0.0040", 3000, 3000, 30720),
    ("BIZMAX", "Business Max", "120.00", "0.0000", "0.0000", "0.0010", 44640, 10000, 102400),
    ("IOT", "Machine to Machine", "5.00", "0.0000", "0.0200", "0.0100", 0, 50, 100),
)
PLAN_WEIGHTS = (20, 26, 24, 14, 8, 3, 4)

# TADIG-like code, name, country, EUR per minute, per SMS, per MB
PARTNERS = (
    ("DEUDF", "Rheinfunk", "Germany", "0.0220", "0.0040", "0.0013"),
    ("CZEDF", "Vltava Mobil", "Czechia", "0.0210", "0.0040", "0.0012"),
    ("SVKDF", "Tatra Tel", "Slovakia", "0.0200", "0.0040", "0.0012"),
    ("LTUDF", "Neris", "Lithuania", "0.0220", "0.0040", "0.0013"),
    ("GBRDF", "Albion Wireless", "United Kingdom", "0.0450", "0.0100", "0.0045"),
    ("UKRDF", "Dnipro Zviazok", "Ukraine", "0.0600", "0.0150", "0.0060"),
    ("USADF", "Prairie Cellular", "United States", "0.1200", "0.0300", "0.0150"),
    ("TURDF", "Bosfor", "Turkey", "0.0900", "0.0250", "0.0110"),
)

GIVEN_NAMES = ("Anna", "Jan", "Maria", "Piotr", "Zofia", "Adam", "Ewa", "Marek", "Julia", "Tomasz", "Oksana", "Ivan")
FAMILY_NAMES = ("Nowak", "Lis", "Mazur", "Krol", "Wilk", "Duda", "Zajac", "Sowa", "Kos", "Bondar", "Wrona", "Gil")


@dataclass(frozen=True)
class Reference:
    """The reference rows as Arrow tables, named `schema.table` as in the warehouse."""

    tables: dict[str, pa.Table]

    def values(self, table: str, column: str) -> list[str]:
        """The values of one text column, in table order."""
        return [str(value) for value in self.tables[table].column(column).to_pylist()]


def build_reference(subscribers: int, seed: int) -> Reference:
    """The four reference tables; keys are unique, the order is stable."""
    return Reference(
        {
            "ref.tariff_plans": tariff_plans(),
            "ref.roaming_partners": roaming_partners(),
            "ref.cells": cells(Random(f"{seed}:cells")),
            "crm.subscribers": subscribers_table(subscribers, Random(f"{seed}:subscribers")),
        }
    )


def tariff_plans() -> pa.Table:
    """One row per plan on sale; `RETIRED_PLAN` is not among them."""
    schema = pa.schema(
        [
            ("plan_id", pa.string()), ("plan_name", pa.string()), ("monthly_fee", pa.decimal128(10, 2)),
            ("voice_rate_min", RATE), ("sms_rate", RATE), ("data_rate_mb", RATE),
            ("included_minutes", pa.int32()), ("included_sms", pa.int32()), ("included_mb", pa.int32()),
        ]
    )  # fmt: skip
    rows = [(plan[0], plan[1], *(Decimal(text) for text in plan[2:6]), *plan[6:]) for plan in PLANS]
    return _table(rows, schema)


def roaming_partners() -> pa.Table:
    """One row per partner network, rates in EUR."""
    schema = pa.schema(
        [
            ("network", pa.string()), ("partner_name", pa.string()), ("country", pa.string()),
            ("voice_rate_min", RATE), ("sms_rate", RATE), ("data_rate_mb", RATE),
        ]
    )  # fmt: skip
    rows = [(*partner[:3], *(Decimal(text) for text in partner[3:])) for partner in PARTNERS]
    return _table(rows, schema)


def cells(random: Random) -> pa.Table:
    """One row per radio cell; ids look like `C0203` (region 02, cell 03)."""
    schema = pa.schema(
        [
            ("cell_id", pa.string()), ("region", pa.string()), ("technology", pa.string()), ("latitude", pa.float64()),
            ("longitude", pa.float64()), ("capacity_erlang", pa.int32()),
        ]
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for number, (region, latitude, longitude) in enumerate(REGIONS):
        for cell in range(CELLS_PER_REGION):
            place = (round(latitude + random.uniform(-0.4, 0.4), 5), round(longitude + random.uniform(-0.4, 0.4), 5))
            technology = ("2G", "4G", "4G", "5G")[cell % 4]
            rows.append((f"C{number:02d}{cell:02d}", region, technology, *place, random.choice((20, 40, 60))))
    return _table(rows, schema)


def subscribers_table(count: int, random: Random) -> pa.Table:
    """One row per contract: about 2 % without a region, 1 % on a retired plan, 6 % suspended, 4 % closed."""
    schema = pa.schema(
        [
            ("subscriber_id", pa.int64()), ("msisdn", pa.string()), ("imsi", pa.string()), ("full_name", pa.string()),
            ("email", pa.string()), ("segment", pa.string()), ("region", pa.string()), ("plan_id", pa.string()),
            ("status", pa.string()), ("activated_on", pa.date32()), ("closed_on", pa.date32()),
        ]
    )  # fmt: skip
    return _table([_subscriber(number, random) for number in range(1, count + 1)], schema)


def _subscriber(number: int, random: Random) -> tuple[object, ...]:
    given, family = random.choice(GIVEN_NAMES), random.choice(FAMILY_NAMES)
    plan = RETIRED_PLAN if random.random() < 0.01 else random.choices(PLANS, PLAN_WEIGHTS)[0][0]
    region = None if random.random() < 0.02 else random.choice(REGIONS)[0]
    activated = date(2018, 1, 1) + timedelta(days=random.randrange(3000))
    draw = random.random()
    status = "closed" if draw < 0.04 else "suspended" if draw < 0.10 else "active"
    closed = activated + timedelta(days=random.randrange(30, 60)) if status == "closed" else None
    email = f"{given}.{family}.{number}@example.com".lower() if random.random() < 0.7 else None
    segment = "business" if plan.startswith("BIZ") else "machine" if plan == "IOT" else "consumer"
    return (
        number, msisdn_of(number), f"99970{number:010d}", f"{given} {family}", email, segment, region, plan, status,
        activated, closed,
    )  # fmt: skip


def msisdn_of(number: int) -> str:
    """The number of one subscriber; `480…` is a range that Poland does not use."""
    return f"480{number:08d}"


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
