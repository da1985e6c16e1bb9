"""A connector with every capability: what the planner hands to it, parts side by side, rejected records kept."""

from __future__ import annotations

import json

import pytest

from dataflow_provider.execution.stage import run_stage
from tests.engines.packages import InstallPackage
from tests.unit.execution.conftest import Workplace, run_values

MANIFEST = """
from dataflow_provider.spec.manifest import Capability, ConnectorManifest, NodeField

MANIFEST = ConnectorManifest(
    name="meter", label="Meter", kind="native", implementation="meter.connector:Meter", description="", icon="meter",
    category="Services", docs="-", version="1", exactly_once=False,
    capabilities=frozenset(Capability) - {Capability.ENGINE_FILES, Capability.BULK_LOAD},
    source_fields=(NodeField("log", "File that notes what was asked", required=True),),
    target_fields=(NodeField("log", "File that notes what was written", required=True),),
)
"""
CONNECTOR = """
import json

import pyarrow

from dataflow_provider.connectors.native import NativeConnectorBase
from meter.manifest import MANIFEST

ROWS = [{"id": n, "name": f"n{n}", "due": n * 10} for n in range(10)]


class Meter(NativeConnectorBase):
    manifest = MANIFEST

    def connect(self, connection, options):
        return object()

    def disconnect(self, session):
        pass

    def test_connection(self, session):
        return "ok"

    def do_extract_data(self, session, request):
        part = request.partition
        asked = [[one.column, one.comparison, [str(value) for value in one.values]] for one in request.predicates]
        with open(request.options["log"], "a") as log:
            told = {"columns": request.columns, "predicates": asked, "part": part and part.index}
            log.write(json.dumps(told) + "\\n")
        if request.rejects is not None and (part is None or part.index == 0):
            request.rejects.add(origin="meter", line=7, byte_offset=None, raw="?!", reason="unreadable")
        rows = [row for row in ROWS if part is None or row["id"] % part.count == part.index]
        names = request.columns or ("id", "name", "due")
        kinds = {"id": pyarrow.int64(), "name": pyarrow.string(), "due": pyarrow.int64()}
        schema = pyarrow.schema([(name, kinds[name]) for name in names])
        yield pyarrow.RecordBatch.from_pylist([{name: row[name] for name in names} for row in rows], schema=schema)

    def do_load_data(self, session, batches, request):
        sizes = [batch.num_rows for batch in batches]
        with open(request.options["log"], "a") as log:
            log.write(json.dumps({"sizes": sizes, "mode": request.mode, "marker": request.marker}) + "\\n")
        return sum(sizes)
"""


@pytest.fixture
def meter(workplace: Workplace, install_package: InstallPackage) -> Workplace:
    install_package("meter", {"manifest.py": MANIFEST, "connector.py": CONNECTOR}, {"meter": "meter.manifest:MANIFEST"})
    return workplace


def asked(workplace: Workplace, name: str = "read.log") -> list[dict[str, object]]:
    return [json.loads(line) for line in (workplace.root / name).read_text().splitlines()]


def run(workplace: Workplace, source: str, more: str = "", run_id: str = "r1") -> None:
    log = workplace.root / "read.log"
    text = f"src: {{type: source.meter, log: '{log}', {source}}}\n"
    text += (
        "t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}, create: {if_missing: true}}\n" + more
    )
    workplace.run_ok(workplace.plan(text), run_id)


@pytest.mark.parametrize(
    ("where", "predicates"),
    [
        ("id >= 3 AND name <> 'n9'", [["id", ">=", ["3"]], ["name", "<>", ["n9"]]]),
        ("5 > id AND due IN (0, 10)", [["id", "<", ["5"]], ["due", "in", ["0", "10"]]]),
        ("id > 1 OR due = 0", []),
        ("id + 1 > 3 AND name IS NOT NULL", [["name", "is not null", []]]),
        ("due < -5", [["due", "<", ["-5"]]]),
    ],
)
def test_condition_goes_along_where_it_is_plain_and_is_applied_again(
    meter: Workplace, where: str, predicates: list[object]
) -> None:
    run(meter, f'where: "{where}"')
    assert asked(meter)[0]["predicates"] == predicates
    rows = meter.sql("SELECT id FROM t ORDER BY 1")
    meter.sql("CREATE TABLE every AS SELECT n AS id, 'n' || n AS name, n * 10 AS due FROM range(10) AS r(n)")
    assert rows == meter.sql(f"SELECT id FROM every WHERE {where} ORDER BY 1")


def test_columns_of_the_node_and_of_its_condition_are_read(meter: Workplace) -> None:
    run(meter, "columns: [name], where: id > 7")
    assert asked(meter)[0]["columns"] == ["name", "id"]
    assert meter.sql("FROM t ORDER BY 1") == [("n8",), ("n9",)]


def test_parts_hold_every_row_once(meter: Workplace) -> None:
    run(meter, "partition: {column: id, count: 3}")
    assert sorted(str(one["part"]) for one in asked(meter)) == ["0", "1", "2"]
    assert meter.sql("SELECT id FROM t ORDER BY 1") == [(n,) for n in range(10)]


def test_rejected_records_leave_by_their_port(meter: Workplace) -> None:
    more = "bad: {type: target.duckdb, from: src.rejected, table: bad, write: {mode: overwrite}, "
    run(meter, "on_bad_record: reject", more + "create: {if_missing: true}}\n")
    assert meter.sql("FROM bad") == [("meter", 7, None, "?!", "unreadable")]


def test_schema_names_and_casts_the_columns(meter: Workplace) -> None:
    run(meter, "schema: {name: VARCHAR, id: 'DECIMAL(5,1)'}")
    assert meter.sql("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 't'") == [
        ("name", "VARCHAR"), ("id", "DECIMAL(5,1)")
    ]  # fmt: skip


def test_target_gets_small_batches_and_a_warning_where_a_retry_may_repeat(meter: Workplace) -> None:
    log = meter.root / "write.log"
    text = "src: {type: source.duckdb, query: 'SELECT n FROM range(5) AS r(n)'}\n"
    text += f"out: {{type: target.meter, from: src, log: '{log}', batch_size: 2, write: {{mode: append}}}}\n"
    plan = meter.plan(text)
    result = run_stage(plan, "out", run_values("r1"), meter.connections(), meter.project())
    told = asked(meter, "write.log")[0]
    assert told["sizes"] == [0, 2, 2, 1]
    assert told["mode"] == "append"
    assert "r1/w/p/out" in str(told["marker"])
    assert [problem.code for problem in result.problems] == ["DF-WRITE-020"]
