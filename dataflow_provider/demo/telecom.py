"""The telecom data set: reference tables for the warehouse, and CDR files by service and day.

The same size, seed and days give the same bytes, so that tests can compare figures and a second start can skip it.
"""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from dataflow_provider.demo.cdr import SERVICES, Service, Traffic, dirty_day
from dataflow_provider.demo.reference import Reference, build_reference

DEFAULT_CDRS = 200_000
DEFAULT_SEED = 2026
FIRST_DAY = date(2026, 6, 1)


@dataclass(frozen=True)
class TelecomSize:
    """How much to generate; `cdrs` counts clean records, dirt comes on top (about 2 %)."""

    cdrs: int = DEFAULT_CDRS
    days: int = 7
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if self.cdrs < 1 or self.days < 1:
            raise ValueError(f"at least one record and one day are needed, not {self.cdrs} and {self.days}")

    @property
    def subscribers(self) -> int:
        """About forty records a subscriber, and never fewer than a hundred subscribers."""
        return max(100, self.cdrs // 40)


@dataclass(frozen=True)
class Telecom:
    """What was generated: the reference tables, and the files in the order written."""

    reference: Reference
    files: tuple[Path, ...] = field(default=())


def generate_telecom(folder: Path, size: TelecomSize) -> Telecom:
    """Write the CDR files below `folder`/cdr and return them with the reference tables.

    Files lie in `cdr/<service>/<day>/`; every second day's afternoon is compressed. Existing files are overwritten.
    """
    reference = build_reference(size.subscribers, size.seed)
    traffic = Traffic.of(reference)
    files: list[Path] = []
    for service in SERVICES:
        files += _write_service(folder / "cdr" / service.name, service, traffic, size)
    return Telecom(reference, tuple(files))


def _write_service(folder: Path, service: Service, traffic: Traffic, size: TelecomSize) -> list[Path]:
    """Write one service; records late on the last day are never delivered, as on a real cut-off."""
    per_day = max(1, round(size.cdrs * service.share / size.days))
    files: list[Path] = []
    late: list[str] = []
    for number in range(size.days):
        day = FIRST_DAY + timedelta(days=number)
        lines = dirty_day(service, traffic, day, per_day, Random(f"{size.seed}:{service.name}:{day}"))
        files += _write_day(folder / day.isoformat(), service, day, late + lines.on_time, compress=number % 2 == 1)
        late = lines.late
    return files


def _write_day(folder: Path, service: Service, day: date, lines: list[str], *, compress: bool) -> list[Path]:
    """Two files a day, split in the middle, each with a header line."""
    folder.mkdir(parents=True, exist_ok=True)
    middle = (len(lines) + 1) // 2
    parts = []
    for number, part in enumerate((lines[:middle], lines[middle:]), start=1):
        packed = compress and number == 2
        path = folder / f"{service.name}_{day:%Y%m%d}_{number:02d}.csv{'.gz' if packed else ''}"
        text = "\n".join([service.delimiter.join(service.columns), *part, ""])
        path.write_bytes(_gzip(text.encode()) if packed else text.encode())
        parts.append(path)
    return parts


def _gzip(content: bytes) -> bytes:
    """Compressed without name and time, which would differ from run to run."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", mtime=0, compresslevel=6) as archive:
        archive.write(content)
    return buffer.getvalue()
