"""Call detail records in ASN.1: the connector's rows beside what decodes them and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.project import Project
from tests.benchmarks.figures import record
from tests.engines.cdr import FIELDS, SCHEMA, batch, compiled, encoded

RECORDS = 10_000
LEAST_SHARE = 0.1
"""Of the rate of asn1tools alone, in CPU time; 0.2 to 0.4 was measured. Below it something is done twice."""


def test_rows_of_asn1_come_at_a_share_of_plain_decoding(tmp_path: Path) -> None:
    data = batch(encoded(RECORDS))
    (tmp_path / "usage.asn").write_text(SCHEMA)
    (tmp_path / "a.ber").write_bytes(data)
    started = time.process_time()
    assert len(compiled().decode("Batch", data)["detail"]["events"]) == RECORDS
    plain = RECORDS / (time.process_time() - started)
    asn1 = {"schema_file": "usage.asn", "type": "Batch", "records": "detail.events", "fields": FIELDS}
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    options = {"path": "a.ber", "format": "cdr", "options": FileOptions.model_validate({"asn1": asn1})}
    connector = FileConnector()
    with connector.open(ConnectionSpec("", "file"), session_options(project)) as session:
        request = ExtractRequest("n", options, project=project)
        look = ExtractRequest("n", options, limit=1, project=project)  # the schema is compiled once
        assert sum(one.num_rows for one in connector.extract_data(session, look)) == 1
        started = time.process_time()
        assert sum(one.num_rows for one in connector.extract_data(session, request)) == RECORDS
        rate = RECORDS / (time.process_time() - started)
    record("cdr", {"records": RECORDS, "rows_per_cpu_second": round(rate), "asn1tools_alone": round(plain)})
    assert rate > LEAST_SHARE * plain
