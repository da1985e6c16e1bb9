"""Landing the sample data: once, again when something else is wanted, and whole after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.demo import landing
from dataflow_provider.demo.landing import MARKER, land_files, load_reference
from dataflow_provider.demo.telecom import TelecomSize

SMALL = TelecomSize(cdrs=300, days=2)
SMALLER = TelecomSize(cdrs=200, days=1)


@pytest.fixture(autouse=True)
def no_flights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real flights take a second and are tested by themselves."""
    monkeypatch.setattr(landing, "land_flights", lambda folder: folder.mkdir())


def list_files(data: Path) -> dict[str, int]:
    return {str(path.relative_to(data)): path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}


def test_land_files_a_second_time_touches_nothing(tmp_path: Path) -> None:
    assert land_files(tmp_path, SMALL)
    first = list_files(tmp_path)
    assert not land_files(tmp_path, SMALL)
    assert {path: time for path, time in list_files(tmp_path).items() if path != ".lock"} == {
        path: time for path, time in first.items() if path != ".lock"
    }


def test_land_files_of_another_size_leaves_no_file_of_the_first(tmp_path: Path) -> None:
    land_files(tmp_path, SMALL)
    assert land_files(tmp_path, SMALLER)
    assert {path.name for path in (tmp_path / "cdr" / "voice").iterdir()} == {"2026-06-01"}


def test_land_files_after_an_interruption_makes_all_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(landing, "land_flights", interrupted)
        with pytest.raises(KeyboardInterrupt):
            land_files(tmp_path, SMALL)
    assert not (tmp_path / MARKER).exists()
    assert land_files(tmp_path, SMALL)


def test_land_files_leaves_other_files_of_the_folder_alone(tmp_path: Path) -> None:
    own = tmp_path / "mine" / "own.csv"
    own.parent.mkdir()
    own.write_text("precious")
    land_files(tmp_path, SMALL)
    land_files(tmp_path, SMALLER)
    assert own.read_text() == "precious"


def read_warehouse(warehouse: ConnectionSpec, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse.host), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_load_reference_loads_once_and_again_for_another_size(tmp_path: Path) -> None:
    warehouse = ConnectionSpec("warehouse", "duckdb", host=str(tmp_path / "it's here" / "warehouse.duckdb"))
    data = tmp_path / "data's folder"
    land_files(data, SMALL)
    assert load_reference(data, warehouse, SMALL)
    assert not load_reference(data, warehouse, SMALL)
    assert read_warehouse(warehouse, "SELECT COUNT(*), COUNT(DISTINCT msisdn) FROM crm.subscribers") == [(100, 100)]
    larger = TelecomSize(cdrs=8_000, days=1)
    land_files(data, larger)
    assert load_reference(data, warehouse, larger)
    assert read_warehouse(warehouse, "SELECT COUNT(*) FROM crm.subscribers") == [(200,)]


def test_load_reference_repairs_a_dropped_table(tmp_path: Path) -> None:
    warehouse = ConnectionSpec("warehouse", "duckdb", host=str(tmp_path / "warehouse.duckdb"))
    land_files(tmp_path, SMALL)
    load_reference(tmp_path, warehouse, SMALL)
    with duckdb.connect(str(warehouse.host)) as connection:
        connection.execute("DROP TABLE ref.cells")
    assert load_reference(tmp_path, warehouse, SMALL)
    assert read_warehouse(warehouse, "SELECT COUNT(*) FROM ref.cells") == [(120,)]
