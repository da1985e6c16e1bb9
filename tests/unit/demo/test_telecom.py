"""The telecom data: repeatable to the byte, of the size asked for, and dirty in every way it promises."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest

from dataflow_provider.demo.cdr import SERVICES, Service
from dataflow_provider.demo.reference import PARTNERS, RETIRED_PLAN
from dataflow_provider.demo.telecom import Telecom, TelecomSize, generate_telecom

SIZE = TelecomSize(cdrs=60_000, days=3)
VOICE, SMS, DATA = SERVICES


@pytest.fixture(scope="module")
def telecom(tmp_path_factory: pytest.TempPathFactory) -> Telecom:
    return generate_telecom(tmp_path_factory.mktemp("telecom"), SIZE)


@cache
def read_file(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def read_lines(telecom: Telecom, service: Service) -> list[tuple[date, list[str]]]:
    """Every line of a service with the day of its file, headers left out."""
    return [
        (date.fromisoformat(path.parent.name), fields)
        for path in telecom.files
        if path.parts[-3] == service.name
        for fields in list(csv.reader(io.StringIO(read_file(path)), delimiter=service.delimiter))[1:]
    ]


def is_record(service: Service, fields: list[str]) -> bool:
    if len(fields) != len(service.columns) or not fields[service.number].isdigit():
        return False
    try:
        datetime.fromisoformat(fields[service.moment])
    except ValueError:
        return False
    return True


def read_records(telecom: Telecom, service: Service) -> list[tuple[date, dict[str, str]]]:
    return [
        (day, dict(zip(service.columns, fields, strict=True)))
        for day, fields in read_lines(telecom, service)
        if is_record(service, fields)
    ]


def test_generate_telecom_twice_writes_the_same_bytes(telecom: Telecom, tmp_path: Path) -> None:
    again = generate_telecom(tmp_path, SIZE)
    assert [path.read_bytes() for path in again.files] == [path.read_bytes() for path in telecom.files]
    assert again.reference.tables == telecom.reference.tables


def test_generate_telecom_with_another_seed_writes_other_records(telecom: Telecom, tmp_path: Path) -> None:
    other = generate_telecom(tmp_path, TelecomSize(cdrs=SIZE.cdrs, days=SIZE.days, seed=7))
    assert other.files[0].read_bytes() != telecom.files[0].read_bytes()


def test_generate_telecom_writes_about_as_many_records_as_asked(telecom: Telecom) -> None:
    keys = {record[service.columns[0]] for service in SERVICES for _, record in read_records(telecom, service)}
    assert SIZE.cdrs * 0.99 < len(keys) < SIZE.cdrs * 1.01


def test_generate_telecom_splits_days_and_compresses_every_second_afternoon(telecom: Telecom) -> None:
    voice = [path.name for path in telecom.files if path.parts[-3] == "voice"]
    assert voice == [
        "voice_20260601_01.csv", "voice_20260601_02.csv", "voice_20260602_01.csv", "voice_20260602_02.csv.gz",
        "voice_20260603_01.csv", "voice_20260603_02.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_files_hold_every_kind_of_malformed_line(telecom: Telecom, service: Service) -> None:
    bad = [fields for _, fields in read_lines(telecom, service) if not is_record(service, fields)]
    widths = {len(fields) for fields in bad}
    assert {1, 4, len(service.columns), len(service.columns) + 2} <= widths
    whole = [fields for fields in bad if len(fields) == len(service.columns)]
    assert any(not fields[service.number].isdigit() for fields in whole)
    assert any(fields[service.number].isdigit() for fields in whole), "a line with a bad date only"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_records_come_twice_late_and_corrected(telecom: Telecom, service: Service) -> None:
    key, moment, number = service.columns[0], service.columns[service.moment], service.columns[service.number]
    records = read_records(telecom, service)
    by_key: dict[str, list[dict[str, str]]] = {}
    for _, record in records:
        by_key.setdefault(record[key], []).append(record)
    repeated = [group for group in by_key.values() if len(group) > 1]
    assert any(group[0] == group[1] for group in repeated)
    corrected = [group for group in repeated if len({record[number] for record in group}) > 1]
    assert corrected
    # The last delivery of a record is never in doubt: one version per moment of recording.
    assert all(
        len({tuple(r.values()) for r in group}) == len({r["recorded_at"] for r in group}) for group in by_key.values()
    )
    assert any(day > datetime.fromisoformat(record[moment]).date() for day, record in records)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_records_roam_lack_cells_and_name_strangers(telecom: Telecom, service: Service) -> None:
    records = [record for _, record in read_records(telecom, service)]
    known = set(telecom.reference.values("crm.subscribers", "msisdn"))
    cells = set(telecom.reference.values("ref.cells", "cell_id"))
    networks = {partner[0] for partner in PARTNERS}
    assert {record["visited_network"] for record in records} == networks | {""}
    assert all(not (record["cell_id"] and record["visited_network"]) for record in records)
    assert any(not record["cell_id"] and not record["visited_network"] for record in records)
    assert {record["cell_id"] for record in records} <= cells | {""}
    strangers = sum(record["msisdn"] not in known for record in records) / len(records)
    assert 0.002 < strangers < 0.02


def test_reference_keys_are_unique_and_gaps_are_there(telecom: Telecom) -> None:
    tables = telecom.reference.tables
    keys = {"ref.tariff_plans": "plan_id", "ref.roaming_partners": "network", "ref.cells": "cell_id"}
    for table, key in {**keys, "crm.subscribers": "msisdn"}.items():
        assert max(Counter(telecom.reference.values(table, key)).values()) == 1, table
    subscribers = tables["crm.subscribers"]
    assert subscribers.num_rows == SIZE.subscribers
    assert subscribers.column("region").null_count > 0
    assert RETIRED_PLAN in telecom.reference.values("crm.subscribers", "plan_id")
    assert RETIRED_PLAN not in telecom.reference.values("ref.tariff_plans", "plan_id")


@pytest.mark.parametrize(("cdrs", "days"), [(0, 1), (1, 0), (-5, 7)])
def test_telecom_size_of_nothing_is_refused(cdrs: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one record"):
        TelecomSize(cdrs=cdrs, days=days)


def test_generate_telecom_of_one_record_still_writes_every_service(tmp_path: Path) -> None:
    tiny = generate_telecom(tmp_path, TelecomSize(cdrs=1, days=1))
    assert {path.parts[-3] for path in tiny.files} == {"voice", "sms", "data"}
