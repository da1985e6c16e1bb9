"""A stand-in for a Databricks SQL warehouse: the connector's Thrift service over HTTP, before Sail's Spark.

Run by the Python of `.engines`: `python -P databricks_server.py PORT FOLDER`. Every session shares one of Spark.
It answers DESCRIBE QUERY and TRUNCATE itself, which Sail does not know, and the Statement Execution API beside Thrift.
Sail inserts by position alone (of listed columns it loses the capitals, and it wants all), so lists are resolved here.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyarrow
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

PROTOCOL = ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7
WAIT_S = 1.0
"""How long a statement may take before its client is told to ask again."""
STATEMENTS = "/api/2.0/sql/statements"
CANCELED = "[OPERATION_CANCELED] The statement was canceled. SQLSTATE: HY008"

_DESCRIBE_QUERY = re.compile(r"\s*DESCRIBE\s+QUERY\s+(.*)", re.IGNORECASE | re.DOTALL)
_TRUNCATE = re.compile(r"\s*TRUNCATE\s+TABLE\s+(.*)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(
    r"\s*(?P<verb>INSERT\s+(?:INTO|OVERWRITE))\s+(?P<table>(?:`[^`]+`\.?)+)"
    r"\s*\((?P<names>`[^`]+`(?:,\s*`[^`]+`)*)\)\s(?P<rows>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TIME_ZONE = re.compile(r"\s*SET\s+TIME\s+ZONE\s+'([^']+)'\s*", re.IGNORECASE)
_CHANGES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_DDL = re.compile(r"\s*(ALTER|CREATE|DROP|SET|USE)\b", re.IGNORECASE)
_ERROR_CLASS = re.compile(r"\[([A-Z][A-Z_.]+)\]")
# What Sail says without Spark's error class.
_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("TABLE_OR_VIEW_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("not found", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("Cannot cast", "CAST_INVALID_INPUT", "22018"),
    ("divide by zero", "DIVIDE_BY_ZERO", "22012"),
    ("expected something else", "PARSE_SYNTAX_ERROR", "42601"),
)


class Spark:
    """Sail and the one Spark session that all clients share."""

    def __init__(self, folder: str) -> None:
        # Sail ends a session that rests for 20 minutes; a run of all tests takes longer.
        os.environ.setdefault("SAIL_SPARK__SESSION_TIMEOUT_SECS", "86400")
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        self._server = SparkConnectServer("127.0.0.1", 0)
        self._server.start(background=True)
        host, port = self._server.listening_address
        self.session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
        self.session.conf.set("spark.sql.warehouse.dir", folder)
        self.session.conf.set("spark.sql.sources.default", "delta")
        self.session.conf.set("spark.sql.session.timeZone", "UTC")

    def run(self, sql: str, tag: str = "") -> pyarrow.Table:
        """Return the rows that the statement answers, as a warehouse would name them; `stop` finds it by its tag."""
        if not tag:
            return self._run(sql)
        self.session.addTag(tag)
        try:
            return self._run(sql)
        finally:
            self.session.removeTag(tag)

    def stop(self, tag: str) -> None:
        self.session.interruptTag(tag)

    def _run(self, sql: str) -> pyarrow.Table:
        if described := _DESCRIBE_QUERY.match(sql):
            fields = self.session.sql(described[1]).schema.fields
            rows = [{"col_name": f.name, "data_type": f.dataType.simpleString(), "comment": None} for f in fields]
            text = pyarrow.string()
            return pyarrow.Table.from_pylist(
                rows, pyarrow.schema([("col_name", text), ("data_type", text), ("comment", text)])
            )
        if zone := _TIME_ZONE.fullmatch(sql):
            self.session.conf.set("spark.sql.session.timeZone", zone[1])
            return pyarrow.table({})
        if emptied := _TRUNCATE.match(sql):
            sql = f"DELETE FROM {emptied[1]}"
        if inserted := _INSERT.fullmatch(sql):
            sql = self._by_position(**inserted.groupdict())
        table = self.session.sql(sql).toArrow()
        if _CHANGES.match(sql):
            return table.rename_columns(["num_affected_rows"]) if table.num_columns == 1 else table
        # Sail answers TRUE or a count to DDL, Spark nothing.
        return pyarrow.table({}) if _DDL.match(sql) else table

    def _by_position(self, verb: str, table: str, names: str, rows: str) -> str:
        """Return the INSERT with a value for each column of the table, NULL where the list names none."""
        given = {name.casefold() for name in re.findall("`([^`]+)`", names)}
        columns = [field.name for field in self.session.sql(f"SELECT * FROM {table}").schema.fields]
        values = ", ".join(f"`{name}`" if name.casefold() in given else "NULL" for name in columns)
        return f"{verb} {table} SELECT {values} FROM ({rows}) AS listed({names})"


class Operation:
    """One statement: its outcome, and how far its client has read."""

    def __init__(self, guid: bytes, outcome: Future[pyarrow.Table]) -> None:
        kind = ttypes.TOperationType.EXECUTE_STATEMENT
        self.handle = ttypes.TOperationHandle(ttypes.THandleIdentifier(guid, guid), kind, True)
        self.outcome = outcome
        self.canceled = False
        self.offset = 0

    def status(self) -> Any:
        state, message = ttypes.TOperationState.RUNNING_STATE, None
        if self.canceled:
            state, message = ttypes.TOperationState.CANCELED_STATE, CANCELED
        elif self.outcome.done() and (failure := self.outcome.exception()) is not None:
            state, message = ttypes.TOperationState.ERROR_STATE, spark_message(failure)
        elif self.outcome.done():
            state = ttypes.TOperationState.FINISHED_STATE
        return ttypes.TGetOperationStatusResp(
            status=success(), operationState=state, displayMessage=message, errorMessage=message
        )

    def metadata(self) -> Any:
        if self.canceled:
            status = ttypes.TStatus(statusCode=ttypes.TStatusCode.ERROR_STATUS, errorMessage=CANCELED)
            return ttypes.TGetResultSetMetadataResp(status=status)
        schema = self.outcome.result().schema
        columns = [
            ttypes.TColumnDesc(field.name, ttypes.TTypeDesc([ttypes.TTypeEntry(hive_type(field.type))]), at + 1)
            for at, field in enumerate(schema)
        ]
        return ttypes.TGetResultSetMetadataResp(
            status=success(),
            schema=ttypes.TTableSchema(columns),
            resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
            lz4Compressed=False,
            arrowSchema=schema.serialize().to_pybytes(),
            isStagingOperation=False,
        )

    def fetch(self, limit: int) -> Any:
        table = self.outcome.result()
        part = table.slice(self.offset, limit)
        self.offset += part.num_rows
        batches = [
            ttypes.TSparkArrowBatch(batch.serialize().to_pybytes(), batch.num_rows) for batch in part.to_batches()
        ]
        return ttypes.TFetchResultsResp(
            status=success(),
            hasMoreRows=self.offset < table.num_rows,
            results=ttypes.TRowSet(startRowOffset=0, rows=[], arrowBatches=batches),
        )


class Statements:
    """The Statement Execution API: statements by id, which run on whoever asks for them."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark
        self._pool = ThreadPoolExecutor(4)
        self._known: dict[str, Future[pyarrow.Table]] = {}
        self._canceled: set[str] = set()

    def submit(self, statement: str) -> dict[str, Any]:
        statement_id = str(uuid.uuid4())
        self._known[statement_id] = self._pool.submit(self._spark.run, statement, statement_id)
        return {"statement_id": statement_id, "status": {"state": "PENDING"}}

    def cancel(self, statement_id: str) -> dict[str, Any]:
        if not self._known[statement_id].done():
            self._canceled.add(statement_id)
            self._spark.stop(statement_id)
        return {}

    def status(self, statement_id: str) -> dict[str, Any] | None:
        outcome = self._known.get(statement_id)
        if outcome is None:
            return None
        if statement_id in self._canceled:
            return {"status": {"state": "CANCELED"}}
        if not outcome.done():
            return {"status": {"state": "RUNNING"}}
        failure = outcome.exception()
        if failure is None:
            return {"status": {"state": "SUCCEEDED"}}
        error = {"error_code": "BAD_REQUEST", "message": spark_message(failure)}
        return {"status": {"state": "FAILED", "error": error}}


class Service:
    """What a client may ask, each method named as Thrift names it."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark
        self._operations: dict[bytes, Operation] = {}
        self._pool = ThreadPoolExecutor(8)

    def OpenSession(self, request: Any) -> Any:
        guid = uuid.uuid4().bytes
        space = request.initialNamespace
        if space is not None and space.schemaName:
            self._spark.run(f"CREATE SCHEMA IF NOT EXISTS `{space.schemaName}`")
        return ttypes.TOpenSessionResp(
            status=success(),
            serverProtocolVersion=PROTOCOL,
            sessionHandle=ttypes.TSessionHandle(ttypes.THandleIdentifier(guid, guid), PROTOCOL),
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, request: Any) -> Any:
        return ttypes.TCloseSessionResp(status=success())

    def ExecuteStatement(self, request: Any) -> Any:
        guid = uuid.uuid4().bytes
        operation = Operation(guid, self._pool.submit(self._spark.run, request.statement, guid.hex()))
        self._operations[guid] = operation
        response = ttypes.TExecuteStatementResp(status=success(), operationHandle=operation.handle)
        if request.getDirectResults is not None:
            wait_for((operation.outcome,), WAIT_S)
            status = operation.status()
            response.directResults = ttypes.TSparkDirectResults(operationStatus=status)
            if status.operationState == ttypes.TOperationState.FINISHED_STATE:
                response.directResults.resultSetMetadata = operation.metadata()
                response.directResults.resultSet = operation.fetch(request.getDirectResults.maxRows)
        return response

    def GetOperationStatus(self, request: Any) -> Any:
        operation = self._operation(request)
        wait_for((operation.outcome,), 0.1)
        return operation.status()

    def GetResultSetMetadata(self, request: Any) -> Any:
        return self._operation(request).metadata()

    def FetchResults(self, request: Any) -> Any:
        operation = self._operation(request)
        response = operation.fetch(request.maxRows)
        if request.includeResultSetMetadata:
            response.resultSetMetadata = operation.metadata()
        return response

    def CancelOperation(self, request: Any) -> Any:
        operation = self._operation(request)
        operation.canceled = not operation.outcome.done()
        self._spark.stop(request.operationHandle.operationId.guid.hex())
        return ttypes.TCancelOperationResp(status=success())

    def CloseOperation(self, request: Any) -> Any:
        self._operations.pop(request.operationHandle.operationId.guid, None)
        return ttypes.TCloseOperationResp(status=success())

    def _operation(self, request: Any) -> Operation:
        return self._operations[request.operationHandle.operationId.guid]


def success() -> Any:
    return ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)


def spark_message(failure: BaseException) -> str:
    """Return the error as Spark words it: `[CLASS] words SQLSTATE: nnnnn`."""
    text = str(failure)
    found = _ERROR_CLASS.search(text)
    for said, name, state in _CLASSES:
        if said in text:
            return f"[{name}] {text} SQLSTATE: {state}"
    return text if found else f"[INTERNAL_ERROR] {text} SQLSTATE: XX000"


_HIVE: tuple[tuple[Callable[[Any], bool], int], ...] = (
    (pyarrow.types.is_boolean, ttypes.TTypeId.BOOLEAN_TYPE),
    (pyarrow.types.is_int8, ttypes.TTypeId.TINYINT_TYPE),
    (pyarrow.types.is_int16, ttypes.TTypeId.SMALLINT_TYPE),
    (pyarrow.types.is_int32, ttypes.TTypeId.INT_TYPE),
    (pyarrow.types.is_int64, ttypes.TTypeId.BIGINT_TYPE),
    (pyarrow.types.is_float32, ttypes.TTypeId.FLOAT_TYPE),
    (pyarrow.types.is_float64, ttypes.TTypeId.DOUBLE_TYPE),
    (pyarrow.types.is_binary, ttypes.TTypeId.BINARY_TYPE),
    (pyarrow.types.is_date, ttypes.TTypeId.DATE_TYPE),
    (pyarrow.types.is_timestamp, ttypes.TTypeId.TIMESTAMP_TYPE),
    (pyarrow.types.is_struct, ttypes.TTypeId.STRUCT_TYPE),
    (pyarrow.types.is_map, ttypes.TTypeId.MAP_TYPE),
    (pyarrow.types.is_list, ttypes.TTypeId.ARRAY_TYPE),
    (pyarrow.types.is_null, ttypes.TTypeId.NULL_TYPE),
)


def hive_type(kind: Any) -> Any:
    if pyarrow.types.is_decimal(kind):
        numbers = {"precision": kind.precision, "scale": kind.scale}
        qualifiers = {name: ttypes.TTypeQualifierValue(i32Value=value) for name, value in numbers.items()}
        return ttypes.TPrimitiveTypeEntry(ttypes.TTypeId.DECIMAL_TYPE, ttypes.TTypeQualifiers(qualifiers))
    found = next((hive for holds, hive in _HIVE if holds(kind)), ttypes.TTypeId.STRING_TYPE)
    return ttypes.TPrimitiveTypeEntry(found)


def handler_for(service: Service, statements: Statements) -> type[BaseHTTPRequestHandler]:
    processor = TCLIService.Processor(service)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = statements.status(self.path.rpartition("/")[2])
            self.answer(200 if found else 404, found or {"message": "statement not found"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/cancel"):
                self.answer(200, statements.cancel(self.path.split("/")[-2]))
                return
            if self.path.startswith(STATEMENTS):
                self.answer(200, statements.submit(json.loads(body)["statement"]))
                return
            question = TMemoryBuffer(body)
            answer = TMemoryBuffer()
            processor.process(TBinaryProtocol(question), TBinaryProtocol(answer))
            self.send(200, "application/x-thrift", answer.getvalue())

        def answer(self, status: int, document: dict[str, Any]) -> None:
            self.send(status, "application/json", json.dumps(document).encode())

        def send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are not worth a line."""

    return Handler


def main(port: int, folder: str) -> None:
    warnings.simplefilter("ignore")
    spark = Spark(folder)
    server = ThreadingHTTPServer(("127.0.0.1", port), handler_for(Service(spark), Statements(spark)))
    threading.current_thread().name = "databricks-stand-in"
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
